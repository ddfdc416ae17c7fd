/**
 * Runnable programs: {@link io.clonedevice.examples.CloneTool}, the command line, and {@link
 * io.clonedevice.examples.Demo}, which shows an instant clone at work and proves it right.
 *
 * <p>{@code CloneRun} is the place to look for how an application uses the library.
 */
package io.clonedevice.examples;
