package io.clonedevice.crash;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneRuntime;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.testing.CrashingBlockStore;
import io.clonedevice.testing.CrashingMedia;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.agrona.collections.LongHashSet;

/**
 * Tries the states that power cuts leave of a {@link Life}: opens each with a fresh device, reads
 * every sector, checks the metadata; and now and then lives on from there, with power cuts again.
 *
 * <p>A state is tried once for what is legal at the time: the same bytes come back at the next cut,
 * and say nothing new unless something ceased to be legal.
 */
final class CrashStates implements AutoCloseable {
  private static final int METADATA_BLOCK = 4096;
  private static final int DEPTH_MAX = 3;

  /** A cut during recovery gets this part of the states that another one gets. */
  private static final int RECOVERY_SHARE = 4;

  private static final int IMAGES_MAX = 24;

  private final int exhaustiveMax;
  private final int sampleMax;
  private final int statesPerRecovery;
  private final CloneRuntime runtime =
      CloneRuntime.builder().steppedByCaller().ioExecutor(Runnable::run).clock(() -> 0).build();
  private final LongHashSet images = new LongHashSet();
  private final LongHashSet tried = new LongHashSet();
  private final List<byte[]> someMetadata = new ArrayList<>();
  private final long startNs = System.nanoTime();

  private long lives;
  private long cuts;
  private long recoveryCuts;
  private long exhaustive;
  private long sampled;
  private long recoveries;

  /**
   * @param exhaustiveMax all states of a cut are tried if there are no more than this
   * @param sampleMax how many are tried if there are more
   * @param statesPerRecovery after how many states, on the average, one is lived on from
   */
  CrashStates(int exhaustiveMax, int sampleMax, int statesPerRecovery) {
    this.exhaustiveMax = exhaustiveMax;
    this.sampleMax = sampleMax;
    this.statesPerRecovery = statesPerRecovery;
  }

  /** Tries as many states of each cut as becomes the number that all tests together aim at. */
  static CrashStates forTotal(long total) {
    return new CrashStates(
        (int) Math.min(1_024, total / 200), (int) Math.min(400, total / 2_500), 200);
  }

  long count() {
    return exhaustive + sampled;
  }

  /** Metadata of some of the states, formatted. */
  List<byte[]> someMetadata() {
    return someMetadata;
  }

  /** Begins to cut the power of a device. */
  void watch(Life life) {
    lives++;
    tried.clear();
    life.atEachCut(() -> cut(life, 0));
  }

  private void cut(Life life, int depth) {
    if (depth == 0) {
      cuts++;
    } else {
      recoveryCuts++;
    }
    Random random = life.random();
    CrashingMedia media = life.media();
    int share = depth == 0 ? 1 : RECOVERY_SHARE;
    boolean all = media.stateCount() <= exhaustiveMax / share;
    int countMax = all ? exhaustiveMax : 1 + sampleMax / share;
    for (List<CrashingBlockStore> left : media.crashStates(countMax, random)) {
      if (isNew(left, life.legal(), depth)) {
        if (all) {
          exhaustive++;
        } else {
          sampled++;
        }
        tryOut(left, life, depth);
      }
    }
  }

  private boolean isNew(List<CrashingBlockStore> left, LegalSectors legal, int depth) {
    long image = left.get(0).fingerprint() * 31 + left.get(1).fingerprint();
    images.add(image);
    return depth > 0 || tried.add(image ^ legal.version() * 0x9E3779B97F4A7C15L);
  }

  private void tryOut(List<CrashingBlockStore> left, Life life, int depth) {
    CrashingBlockStore destination = left.get(0);
    CrashingBlockStore metadata = left.get(1);
    try {
      checkMetadata(metadata, life.random());
      byte[] found = read(destination, metadata, life);
      int illegal = life.legal().firstIllegal(found);
      if (illegal >= 0) {
        throw new AssertionError(
            "sector " + illegal + " after a power cut " + life.legal().describe(illegal, found));
      }
      if (depth < DEPTH_MAX && life.random().nextInt(statesPerRecovery << depth) == 0) {
        recover(destination, metadata, found, life, depth + 1);
      }
    } catch (IOException e) {
      throw new AssertionError("does not open after a power cut: " + e, e);
    }
  }

  private void checkMetadata(CrashingBlockStore metadata, Random random) {
    MetadataCheck check = MetadataCheck.of(new BlockStoreMetadataDevice(metadata));
    if (!check.isSound() && !isBlank(metadata)) {
      throw new AssertionError("metadata after a power cut: " + check.faults());
    }
    if (check.isSound() && random.nextInt(100) == 0 && someMetadata.size() < IMAGES_MAX) {
      someMetadata.add(metadata.contents());
    }
  }

  /** Whether the power was cut before the metadata was formatted. */
  private static boolean isBlank(CrashingBlockStore metadata) {
    byte[] contents = metadata.contents();
    return Arrays.equals(contents, 0, METADATA_BLOCK, new byte[METADATA_BLOCK], 0, METADATA_BLOCK);
  }

  private byte[] read(CrashingBlockStore destination, CrashingBlockStore metadata, Life life)
      throws IOException {
    byte[] found = new byte[life.shape().size()];
    try (CloneDevice device =
        CloneDevice.builder()
            .source(life.source())
            .destination(copy(destination))
            .metadata(copy(metadata))
            .regionSize(life.shape().regionSize())
            .deviceSize(life.shape().size())
            .runtime(runtime)
            .hydration(Hydration.disabled())
            .open()) {
      device.blocking().read(0, ByteBuffer.wrap(found));
    }
    return found;
  }

  /** Lives on from a state, and cuts the power again. */
  private void recover(
      CrashingBlockStore destination,
      CrashingBlockStore metadata,
      byte[] found,
      Life before,
      int depth)
      throws IOException {
    recoveries++;
    try (Life life =
        new Life(
            before.shape(),
            before.source(),
            copy(destination),
            copy(metadata),
            before.legal().after(found),
            before.random(),
            Life.Wrapping.NONE)) {
      life.atEachCut(() -> cut(life, depth));
      try {
        life.live(2 + before.random().nextInt(8));
      } catch (AssertionError e) {
        throw new AssertionError("recovered, then " + life.log() + ": " + e.getMessage(), e);
      }
    }
  }

  /** Another medium with the same bytes; nothing of them is unflushed. */
  private static CrashingBlockStore copy(CrashingBlockStore left) {
    return left.crash((sector, valueCount) -> valueCount);
  }

  String figures() {
    return String.format(
        "%,d histories, %,d cuts, %,d cuts in %,d recoveries; %,d crash states:"
            + " %,d of cuts tried exhaustively, %,d of samples; %,d distinct images; %.1f s",
        lives,
        cuts,
        recoveryCuts,
        recoveries,
        count(),
        exhaustive,
        sampled,
        images.size(),
        (System.nanoTime() - startNs) / 1e9);
  }

  @Override
  public void close() {
    runtime.close();
  }
}
