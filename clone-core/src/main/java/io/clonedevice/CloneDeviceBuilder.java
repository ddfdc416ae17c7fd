package io.clonedevice;

import io.clonedevice.engine.CloneEngine;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStoreMetadataDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Opens a {@link CloneDevice}. Not thread-safe; for one {@link #open()}.
 *
 * <table>
 *   <caption>Options</caption>
 *   <tr><th>option</th><th>unit</th><th>range</th><th>default</th></tr>
 *   <tr><td>source, destination, metadata</td><td></td><td>three different media</td>
 *       <td>none: must be given</td></tr>
 *   <tr><td>regionSize</td><td>bytes</td><td>power of two, 4096 to 2^30</td><td>65,536</td></tr>
 *   <tr><td>deviceSize</td><td>bytes</td><td>up to the smaller one of source and destination</td>
 *       <td>size of the source</td></tr>
 *   <tr><td>hydration</td><td></td><td>see {@link Hydration}</td>
 *       <td>{@link Hydration#background()}</td></tr>
 *   <tr><td>discardPassdown</td><td></td><td></td><td>on</td></tr>
 *   <tr><td>discardedReadsZeroes</td><td></td><td></td><td>off</td></tr>
 *   <tr><td>suspended</td><td></td><td></td><td>off: works at once</td></tr>
 *   <tr><td>closePatience</td><td>time</td><td>1 ms to 365 days</td><td>1 minute</td></tr>
 *   <tr><td>runtime</td><td></td><td>open</td><td>a private one</td></tr>
 * </table>
 */
public final class CloneDeviceBuilder {
  private static final long DEFAULT_REGION_SIZE = 65_536;
  private static final Duration CLOSE_PATIENCE_MIN = Duration.ofMillis(1);
  private static final Duration CLOSE_PATIENCE_MAX = Duration.ofDays(365);

  // Destinations and metadata devices of open devices, as objects: a store that is asked twice to
  // lock its medium says yes twice.
  private static final Set<BlockStore> TAKEN =
      Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));

  private BlockStore source;
  private BlockStore destination;
  private BlockStore metadata;
  private long regionSize = DEFAULT_REGION_SIZE;
  // null for the size of the source.
  private Long deviceSize;
  private Hydration hydration = Hydration.background();
  private boolean discardPassdown = true;
  private boolean discardedReadsZeroes;
  private boolean suspended;
  private Duration closePatience = Duration.ofMinutes(1);
  private CloneRuntime runtime;
  private final List<CloneListener> listeners = new ArrayList<>();

  CloneDeviceBuilder() {}

  /**
   * Sets the source: read only, never written.
   *
   * @param store the device's from {@link #open()} on
   * @return this
   */
  public CloneDeviceBuilder source(BlockStore store) {
    this.source = store;
    return this;
  }

  /**
   * Sets the destination; its contents are overwritten.
   *
   * @param store the device's from {@link #open()} on
   * @return this
   */
  public CloneDeviceBuilder destination(BlockStore store) {
    this.destination = store;
    return this;
  }

  /**
   * Sets the metadata device: formatted if its first 4096 bytes are zero, otherwise it must hold
   * the metadata of a clone of the same device and region size.
   *
   * @param store the device's from {@link #open()} on
   * @return this
   */
  public CloneDeviceBuilder metadata(BlockStore store) {
    this.metadata = store;
    return this;
  }

  /**
   * Sets the unit of hydration.
   *
   * @param bytes power of two, 4096 to 2^30
   * @return this
   */
  public CloneDeviceBuilder regionSize(long bytes) {
    this.regionSize = bytes;
    return this;
  }

  /**
   * Sets the size of the device; source and destination may be larger.
   *
   * @param bytes positive multiple of both logical block sizes, else {@link #open()} refuses it
   * @return this
   */
  public CloneDeviceBuilder deviceSize(long bytes) {
    this.deviceSize = bytes;
    return this;
  }

  /**
   * Sets how the device is hydrated in the background.
   *
   * @param settings can be changed in part while the device is open
   * @return this
   */
  public CloneDeviceBuilder hydration(Hydration settings) {
    this.hydration = settings;
    return this;
  }

  /**
   * Sets whether the destination is told of discards, if it can do them.
   *
   * @param on whether on
   * @return this
   */
  public CloneDeviceBuilder discardPassdown(boolean on) {
    this.discardPassdown = on;
    return this;
  }

  /**
   * Sets whether a discarded region reads zeroes afterwards, so that nobody sees what the
   * destination held before. Zeroes are written where the destination's discard does not leave
   * them. In metadata mode {@code ro} the discard of an unhydrated region fails.
   *
   * @param on whether on
   * @return this
   */
  public CloneDeviceBuilder discardedReadsZeroes(boolean on) {
    this.discardedReadsZeroes = on;
    return this;
  }

  /**
   * Opens the device suspended, as the kernel does: requests and hydration wait for {@link
   * CloneDevice#resume()}.
   *
   * @return this
   */
  public CloneDeviceBuilder suspended() {
    this.suspended = true;
    return this;
  }

  /**
   * Sets for how long {@link CloneDevice#close()} looks on while nothing in flight ends, before it
   * closes the next of the stores to make calls fail that hang: the source, which costs nothing
   * that was acknowledged; then the destination; then the metadata device.
   *
   * @param patience 1 ms to 365 days; longer than a flush of the slowest store takes
   * @return this
   * @throws IllegalArgumentException if out of range
   */
  public CloneDeviceBuilder closePatience(Duration patience) {
    if (patience.compareTo(CLOSE_PATIENCE_MIN) < 0 || patience.compareTo(CLOSE_PATIENCE_MAX) > 0) {
      throw new IllegalArgumentException(
          "close patience is " + patience + "; choose 1 ms to 365 days");
    }
    this.closePatience = patience;
    return this;
  }

  /**
   * Sets the threads to share.
   *
   * @param shared stays the caller's to close, after the device
   * @return this
   */
  public CloneDeviceBuilder runtime(CloneRuntime shared) {
    this.runtime = shared;
    return this;
  }

  /**
   * Adds a listener.
   *
   * @param listener hears everything from opening on
   * @return this
   */
  public CloneDeviceBuilder listener(CloneListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener"));
    return this;
  }

  /**
   * Opens the device. From now on the stores are the device's: if this fails they are closed.
   *
   * @return an open device; the caller closes it
   * @throws IllegalArgumentException if sizes do not fit together, two stores are the same medium,
   *     a store is read-only that must not be, or the metadata is of another device or region size;
   *     nothing was changed
   * @throws IllegalStateException if a store is missing, the runtime is closed, or the very store
   *     is an open device's already; then nothing is closed
   * @throws IOException if a store failed, the metadata is damaged or foreign, or somebody else
   *     uses the metadata device or the destination
   */
  public CloneDevice open() throws IOException {
    CloneDevice.Teardown teardown = new CloneDevice.Teardown();
    CloneRuntime openRuntime = null;
    CloneMetadata openMetadata = null;
    boolean counted = false;
    take();
    try {
      RegionGeometry geometry = check();
      lock(metadata, "metadata device");
      lock(destination, "destination device");
      openRuntime = ownsRuntime() ? CloneRuntime.create() : runtime;
      openRuntime.deviceOpens();
      counted = true;
      openMetadata = load(geometry);
      return new CloneDevice(this, openMetadata, openRuntime);
    } catch (IOException | RuntimeException | Error e) {
      if (openMetadata != null) {
        teardown.run(openMetadata::close);
      }
      Stream.of(destination, source, metadata)
          .filter(Objects::nonNull)
          .forEach(store -> teardown.run(store::close));
      giveBack(metadata, destination);
      if (counted) {
        teardown.run(openRuntime::deviceClosed);
      }
      if (openRuntime != null && ownsRuntime()) {
        teardown.run(openRuntime::close);
      }
      teardown.addTo(e);
      throw e;
    }
  }

  /** The one failure after which a store is not closed: it is another device's. */
  private void take() {
    synchronized (TAKEN) {
      for (BlockStore store : new BlockStore[] {metadata, destination}) {
        if (TAKEN.contains(store)) {
          throw new IllegalStateException(
              "a store is in use by another clone device; give this one a store of its own, after"
                  + " that device was closed: "
                  + store);
        }
      }
      Stream.of(metadata, destination).filter(Objects::nonNull).forEach(TAKEN::add);
    }
  }

  static void giveBack(BlockStore metadata, BlockStore destination) {
    TAKEN.remove(metadata);
    TAKEN.remove(destination);
  }

  private CloneMetadata load(RegionGeometry geometry) throws IOException {
    try {
      return CloneMetadata.open(new BlockStoreMetadataDevice(metadata), geometry);
    } catch (IOException e) {
      throw new IOException(
          "Failed to load metadata from " + metadata.name() + ": " + e.getMessage(), e);
    }
  }

  BlockStore source() {
    return source;
  }

  BlockStore destination() {
    return destination;
  }

  BlockStore metadataStore() {
    return metadata;
  }

  Hydration hydration() {
    return hydration;
  }

  CloneEngine.Options engineOptions() {
    return new CloneEngine.Options(discardPassdown, discardedReadsZeroes);
  }

  boolean startsSuspended() {
    return suspended;
  }

  Duration closePatience() {
    return closePatience;
  }

  boolean ownsRuntime() {
    return runtime == null;
  }

  List<CloneListener> listeners() {
    return listeners;
  }

  private RegionGeometry check() {
    require(metadata, "metadata");
    require(destination, "destination");
    require(source, "source");
    Objects.requireNonNull(hydration, "hydration");
    checkDifferent(source, "source", destination, "destination");
    checkDifferent(source, "source", metadata, "metadata device");
    checkDifferent(destination, "destination", metadata, "metadata device");
    if (metadata.isReadOnly()) {
      throw new IllegalArgumentException(
          "Unable to get write access to metadata, please check/repair metadata: "
              + metadata.name()
              + " is read-only");
    }
    if (destination.isReadOnly()) {
      throw new IllegalArgumentException(
          "Error opening destination device: " + destination.name() + " is read-only");
    }
    long size = deviceSize == null ? source.size() : deviceSize;
    RegionGeometry geometry = new RegionGeometry(size, regionSize);
    checkLarge("destination", destination, size);
    checkLarge("source", source, size);
    checkMultiple("Device size", size);
    checkMultiple("Region size", regionSize);
    if (metadata.size() < MetadataDevice.BLOCK_SIZE) {
      throw new IllegalArgumentException(
          "Metadata device too small: "
              + metadata.size()
              + " bytes, not one metadata block; "
              + MetadataSize.forRegions(geometry.regionCount())
              + " are recommended");
    }
    return geometry;
  }

  private void checkMultiple(String what, long bytes) {
    int block = Math.max(source.logicalBlockSize(), destination.logicalBlockSize());
    if (bytes % block != 0) {
      throw new IllegalArgumentException(
          what
              + " is not a multiple of device logical block size: "
              + bytes
              + " bytes, blocks of "
              + block);
    }
  }

  private static void checkLarge(String role, BlockStore store, long size) {
    if (size > store.size()) {
      throw new IllegalArgumentException(
          "Device size larger than "
              + role
              + " device: "
              + size
              + " bytes, "
              + store.name()
              + " has "
              + store.size());
    }
  }

  private static void checkDifferent(
      BlockStore one, String oneRole, BlockStore other, String otherRole) {
    if (one == other || one.identity().equals(other.identity())) {
      throw new IllegalArgumentException(
          oneRole + " and " + otherRole + " are the same medium: " + one.name());
    }
  }

  private static void require(BlockStore store, String role) {
    if (store == null) {
      throw new IllegalStateException(role + " is missing; give the builder one");
    }
  }

  private static void lock(BlockStore store, String role) throws IOException {
    if (!store.tryLock()) {
      throw new IOException(
          "the "
              + role
              + " "
              + store.name()
              + " is in use by another clone device"
              + store.lockOwner().map(owner -> ", held by " + owner).orElse("")
              + "; close that one first");
    }
  }
}
