/**
 * Looking at metadata without a clone, and mending it.
 *
 * <ul>
 *   <li>{@link io.clonedevice.metadata.tool.MetadataCheck} says what is wrong with it.
 *   <li>{@link io.clonedevice.metadata.tool.MetadataRepair} writes sound metadata with what can be
 *       trusted of damaged, and says what is lost.
 *   <li>{@link io.clonedevice.metadata.tool.MetadataDump} says what is in it; {@link
 *       io.clonedevice.metadata.tool.MetadataRestore} makes metadata that says so.
 * </ul>
 *
 * <p>All work with the codecs that opening a clone works with, so that they never disagree with it,
 * and take no more time and memory than sound metadata of the device's size would, whatever is on
 * the device. Threads: use them from one thread, on a device that nobody else writes.
 */
package io.clonedevice.metadata.tool;
