/**
 * dm-clone's text forms, and a device that is driven by them.
 *
 * <p>Read first {@link io.clonedevice.dm.TableLine}, which says how a device is made, then {@link
 * io.clonedevice.dm.Message}, which changes a live one, and {@link io.clonedevice.dm.StatusLine},
 * which tells how it does. Somebody who knows {@code dmsetup} finds the very same words here; where
 * the kernel refuses a text with a sentence of its own, that sentence begins the message of the
 * {@link java.lang.IllegalArgumentException}.
 *
 * <p>The texts are immutable values: text in, text out, no I/O. {@link
 * io.clonedevice.dm.DmCloneTarget} connects them to a device.
 *
 * <p>All types are safe to use from any thread. Sizes and places are sectors of 512 bytes, as in
 * the texts themselves.
 *
 * @see "dmsetup(8)"
 */
package io.clonedevice.dm;
