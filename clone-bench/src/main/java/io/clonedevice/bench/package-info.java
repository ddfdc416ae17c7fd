/** Benchmarks, one class a question, each with its baseline in the same run. */
package io.clonedevice.bench;
