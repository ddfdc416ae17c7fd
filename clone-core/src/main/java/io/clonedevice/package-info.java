/**
 * An instant, writable copy of a slow block device that fills itself in the background.
 *
 * <p>Begin with {@link io.clonedevice.CloneDevice}: {@link io.clonedevice.CloneDevice#builder()}
 * opens one, its methods are the requests. {@link io.clonedevice.CloneRuntime} shares threads among
 * many devices, {@link io.clonedevice.CloneStatus} and {@link io.clonedevice.CloneListener} tell
 * how a device is. Where blocks live is {@link io.clonedevice.store}; dm-clone's table lines,
 * messages and status lines are {@link io.clonedevice.dm}.
 *
 * <p>Everything here is thread-safe unless it says otherwise.
 */
package io.clonedevice;
