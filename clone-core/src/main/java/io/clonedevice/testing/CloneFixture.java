package io.clonedevice.testing;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneDeviceBuilder;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore.Execution;
import io.clonedevice.store.DiscardSupport;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.CrashingBlockStore.SectorChoice;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * A clone device in memory and all that a test may want to do to it: its three media with faults,
 * gates and a journal, closing and opening again, and power cuts.
 *
 * <pre>{@code
 * try (CloneFixture clone = CloneFixture.builder().regionSize(4096).build()) {
 *   clone.device().blocking().write(512, data);
 *   clone.device().flush().join();
 *   clone.cutPower(Seed.random());
 *   clone.device().blocking().read(512, buffer);     // what was flushed is there
 * }
 * }</pre>
 *
 * <p>Without further settings the source has 256 KiB of random bytes, always the same; regions have
 * 4096 bytes; background hydration is off; the destination is full of {@link #OLD_DESTINATION}, so
 * that a read of what was never copied shows.
 *
 * <p>{@link #close()} closes what is open and fails if something was left open. In JUnit, {@link
 * CloneDeviceExtension} makes and closes a fixture for each test.
 *
 * <p>For the test's thread; the device, faults, gates and the journal may be used from any thread.
 */
public final class CloneFixture implements AutoCloseable {
  /** What each byte of the destination is before a device writes to it. */
  public static final byte OLD_DESTINATION = (byte) 0xDD;

  private final Settings settings;
  private final CallJournal journal = new CallJournal();
  private final SteppedRuntime steps;
  private final FixtureMedium source;
  private final FixtureMedium destination;
  private final FixtureMedium metadata;
  private Power power = new Power();
  private CloneDevice device;

  private record Settings(
      byte[] content,
      int regionSize,
      DiscardSupport discards,
      boolean stepped,
      UnaryOperator<CloneDeviceBuilder> options) {}

  private CloneFixture(Settings settings, List<CrashingBlockStore> left) {
    this.settings = settings;
    this.steps = settings.stepped ? new SteppedRuntime() : null;
    CrashingBlockStore image =
        new CrashingBlockStore(MemoryBlockStore.copyOf(settings.content)).asReadOnly();
    this.source = medium("source", image, null);
    this.destination = medium("destination", left.get(0), settings.discards);
    this.metadata = medium("metadata", left.get(1), null);
  }

  private FixtureMedium medium(String name, CrashingBlockStore bytes, DiscardSupport discards) {
    Execution execution = settings.stepped ? Execution.ASYNCHRONOUS : Execution.IO_EXECUTOR;
    return new FixtureMedium(name, bytes, discards, execution, journal, power);
  }

  /**
   * Begins a fixture.
   *
   * @return a builder with the defaults above
   */
  public static Builder builder() {
    return new Builder();
  }

  // ---- the device

  /**
   * Returns the device; opens it if that was not done since the fixture was made, {@linkplain
   * #closeDevice() closed its device} or {@linkplain #cutPower(Random) lost power}.
   *
   * @return closed with the fixture
   * @throws IOException if it cannot be opened
   */
  public CloneDevice device() throws IOException {
    return device == null ? reopen() : device;
  }

  /**
   * Closes the device, if one is open, and opens another one on what it left.
   *
   * @return the new one
   * @throws IOException if closing or opening fails
   */
  public CloneDevice reopen() throws IOException {
    return reopen(builder -> builder);
  }

  /**
   * Closes the device, if one is open, and opens another one on what it left.
   *
   * @param options applied to this device only, after those of the fixture
   * @return the new one
   * @throws IOException if closing or opening fails
   */
  public CloneDevice reopen(UnaryOperator<CloneDeviceBuilder> options) throws IOException {
    closeDevice();
    device = options.apply(deviceBuilder()).open();
    return device;
  }

  /**
   * Opens all gates, ends all faults and closes the device. A failure of closing is not reported if
   * the test made a call fail before: that may well be why.
   *
   * @throws IOException if closing failed and the test failed no call
   * @throws AssertionError if the device did not end all its copies
   */
  public void closeDevice() throws IOException {
    if (device == null) {
      return;
    }
    CloneDevice old = device;
    device = null;
    boolean faulty = false;
    for (FixtureMedium medium : media()) {
      faulty |= medium.faults().faultCount() > 0;
      medium.gate().open();
      medium.faults().heal();
    }
    try {
      old.close();
    } catch (IOException e) {
      if (!faulty) {
        throw e;
      }
    } finally {
      media().forEach(FixtureMedium::renew);
    }
    if (steps != null) {
      steps.settle(); // what is still to be told to listeners
    }
    if (old.statusNoFlush().hydratingRegions() != 0) {
      throw new AssertionError(
          "the device was closed with copies under way: " + old.statusNoFlush());
    }
  }

  /**
   * Begins a further device over the media, with the fixture's options, for a test that wants to
   * set more or to see how opening fails.
   *
   * @return a builder; the test closes what it opens
   */
  public CloneDeviceBuilder deviceBuilder() {
    CloneDeviceBuilder builder =
        CloneDevice.builder()
            .source(source.store())
            .destination(destination.store())
            .metadata(metadata.store())
            .regionSize(settings.regionSize)
            .hydration(Hydration.disabled());
    if (steps != null) {
      builder.runtime(steps.runtime());
    }
    return settings.options.apply(builder);
  }

  // ---- power

  /**
   * Cuts the power of all media at one instant: each unflushed sector keeps one of the values that
   * it had since the last flush, left to chance. Requests under way fail. {@link #device()} then
   * opens a device on what is left.
   *
   * @param random decides
   */
  public void cutPower(Random random) {
    SectorChoice any = (sector, valueCount) -> random.nextInt(valueCount + 1);
    cutPower(any, any);
  }

  /**
   * Cuts the power, see {@link #cutPower(Random)}, with sectors of the test's choice lost: {@code
   * (sector, valueCount) -> 0} loses all that was not flushed, {@code (sector, valueCount) ->
   * valueCount} nothing.
   *
   * @param ofDestination what is left there
   * @param ofMetadata what is left there
   */
  public void cutPower(SectorChoice ofDestination, SectorChoice ofMetadata) {
    List<CrashingBlockStore> left =
        power.cut(
            () ->
                List.of(
                    destination.bytes().crash(ofDestination), metadata.bytes().crash(ofMetadata)));
    drop();
    power = new Power();
    source.replace(source.bytes(), power);
    destination.replace(left.get(0), power);
    metadata.replace(left.get(1), power);
  }

  /** Closes the device that has lost power. */
  private void drop() {
    CloneDevice old = device;
    device = null;
    media().forEach(medium -> medium.gate().open());
    if (old != null) {
      try {
        old.close();
      } catch (IOException e) {
        // Cannot write any more what it would like to: that is what a power cut is.
        return;
      }
    }
  }

  /**
   * Returns destination and metadata device as one group, to enumerate what power cuts leave.
   *
   * @return the destination is the first store of each state
   */
  public CrashingMedia crashingMedia() {
    return new CrashingMedia(destination.bytes(), metadata.bytes());
  }

  /**
   * Makes a fixture with this one's settings over what a power cut left.
   *
   * @param left a state of {@link #crashingMedia()}
   * @return another fixture, to be closed for itself
   */
  public CloneFixture restartedOn(List<CrashingBlockStore> left) {
    return new CloneFixture(settings, left);
  }

  // ---- what can be seen

  /**
   * Returns what the source holds.
   *
   * @return a copy
   */
  public byte[] content() {
    return settings.content.clone();
  }

  /**
   * Returns the region size.
   *
   * @return bytes
   */
  public int regionSize() {
    return settings.regionSize;
  }

  /**
   * Returns the calls of all media, in the order in which they began.
   *
   * @return stores are called {@code source}, {@code destination} and {@code metadata}
   */
  public CallJournal journal() {
    return journal;
  }

  /**
   * Returns the source.
   *
   * @return read-only
   */
  public FixtureMedium source() {
    return source;
  }

  /**
   * Returns the destination.
   *
   * @return always the same
   */
  public FixtureMedium destination() {
    return destination;
  }

  /**
   * Returns the metadata device.
   *
   * @return always the same
   */
  public FixtureMedium metadata() {
    return metadata;
  }

  /**
   * Returns what moves a stepped fixture.
   *
   * @return closed with the fixture
   * @throws IllegalStateException if the fixture has real threads; see {@link Builder#stepped()}
   */
  public SteppedRuntime steps() {
    if (steps == null) {
      throw new IllegalStateException(
          "this fixture has threads of its own; build it with stepped() to move it by hand");
    }
    return steps;
  }

  /**
   * Closes the device, see {@link #closeDevice()}, and fails if the test left something open.
   *
   * @throws IOException if closing failed and the test failed no call
   * @throws AssertionError if a device that was opened with {@link #deviceBuilder()}, or a store,
   *     is open
   */
  @Override
  public void close() throws IOException {
    closeDevice();
    for (FixtureMedium medium : media()) {
      if (medium.openStores() > 0) {
        throw new AssertionError(
            medium.openStores()
                + " stores of the "
                + medium
                + " are open; close the devices that were opened with deviceBuilder() before the"
                + " fixture");
      }
    }
    if (steps != null) {
      steps.close();
    }
  }

  private List<FixtureMedium> media() {
    return List.of(source, destination, metadata);
  }

  /** Makes {@link CloneFixture}s, any number with the same settings. Not thread-safe. */
  public static final class Builder {
    private static final int SIZE = 1 << 18;
    private static final int REGION_SIZE = 4096;

    private byte[] content = randomBytes(SIZE, 1);
    private int regionSize = REGION_SIZE;
    private DiscardSupport discards;
    private boolean stepped;
    private UnaryOperator<CloneDeviceBuilder> options = builder -> builder;

    private Builder() {}

    /**
     * Sets what the source holds.
     *
     * @param bytes copied; a multiple of 512, not none
     * @return this
     */
    public Builder source(byte[] bytes) {
      this.content = bytes.clone();
      return this;
    }

    /**
     * Fills the source with random bytes.
     *
     * @param size bytes; a positive multiple of 512
     * @param seed the same bytes for the same seed
     * @return this
     */
    public Builder randomSource(int size, long seed) {
      this.content = randomBytes(size, seed);
      return this;
    }

    /**
     * Sets the region size.
     *
     * @param bytes a power of two, 4096 to 2^30
     * @return this
     */
    public Builder regionSize(int bytes) {
      this.regionSize = bytes;
      return this;
    }

    /**
     * Sets what the destination says of its discard, instead of what memory can do. What need not
     * read zeroes afterwards stays what it was.
     *
     * @param support {@link DiscardSupport#NONE} for a destination without discard
     * @return this
     */
    public Builder destinationDiscards(DiscardSupport support) {
      this.discards = support;
      return this;
    }

    /**
     * Sets background hydration, which is off otherwise.
     *
     * @param hydration how the device copies by itself
     * @return this
     */
    public Builder hydration(Hydration hydration) {
      return options(builder -> builder.hydration(hydration));
    }

    /**
     * Sets further options of the device.
     *
     * @param more applied to each builder of a device, after those set before
     * @return this
     */
    public Builder options(UnaryOperator<CloneDeviceBuilder> more) {
      Objects.requireNonNull(more, "more");
      UnaryOperator<CloneDeviceBuilder> before = options;
      this.options = builder -> more.apply(before.apply(builder));
      return this;
    }

    /**
     * Makes devices that run on the test's thread only, when the test moves them with {@link
     * CloneFixture#steps()}; a call that is held at a gate holds nobody up.
     *
     * @return this
     */
    public Builder stepped() {
      this.stepped = true;
      return this;
    }

    /**
     * Makes a fixture; no device is open yet.
     *
     * @return a new one, to be closed
     * @throws IllegalArgumentException if size and region size do not make a device
     */
    public CloneFixture build() {
      long regions = new RegionGeometry(content.length, regionSize).regionCount();
      byte[] old = new byte[content.length];
      Arrays.fill(old, OLD_DESTINATION);
      return new CloneFixture(
          new Settings(content, regionSize, discards, stepped, options),
          List.of(
              new CrashingBlockStore(MemoryBlockStore.copyOf(old)),
              new CrashingBlockStore(MetadataSize.forRegions(regions))));
    }

    private static byte[] randomBytes(int size, long seed) {
      byte[] bytes = new byte[size];
      new Random(seed).nextBytes(bytes);
      return bytes;
    }
  }
}
