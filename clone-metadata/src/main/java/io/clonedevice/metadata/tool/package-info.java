/**
 * Looking at metadata without a clone: {@link io.clonedevice.metadata.tool.MetadataCheck} says what
 * is wrong with it, {@link io.clonedevice.metadata.tool.MetadataDump} says what is in it.
 *
 * <p>Both read with the code that opening a clone reads with, so that they never disagree with it.
 * Nothing is written. Threads: use them from one thread, on a device that nobody writes.
 */
package io.clonedevice.metadata.tool;
