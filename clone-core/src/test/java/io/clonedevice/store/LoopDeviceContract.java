package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.testing.BlockStoreContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What holds for a store over a block device, beyond {@link BlockStoreContract}. */
abstract class LoopDeviceContract extends BlockStoreContract {
  private final List<LoopDevice> devices = new ArrayList<>();

  protected abstract BlockStore open(Path path) throws IOException;

  protected abstract BlockStore openReadOnly(Path path) throws IOException;

  @Override
  protected BlockStore create(long size) throws Exception {
    LoopDevice device = LoopDevice.over(directory.resolve("backing-" + devices.size()), size);
    devices.add(device);
    return open(device.node());
  }

  @Override
  protected BlockStore openReadOnly(BlockStore store) throws Exception {
    return openReadOnly(Path.of(store.name()));
  }

  @AfterEach
  void detachAll() throws Exception {
    closeAll();
    for (LoopDevice device : devices) {
      device.detach();
    }
  }

  @Test
  void identityIsTheDevicesThroughAnyNodeAndKindOfStore() throws Exception {
    BlockStore store = make(16L * block());
    Path soft = Files.createSymbolicLink(directory.resolve("soft"), Path.of(store.name()));
    assertThat(tracked(FileChannelBlockStore.openReadOnly(soft)).identity())
        .isEqualTo(store.identity());
    assertThat(tracked(RawDeviceBlockStore.openReadOnly(soft)).identity())
        .isEqualTo(store.identity());
    assertThat(FileIdentity.of(directory.resolve("backing-0"))).isNotEqualTo(store.identity());
    Files.delete(soft);
  }

  @Test
  void discardLimitsAreTheKernels() throws Exception {
    BlockStore store = make(1L << 20);
    BlockDeviceLimits limits = BlockDeviceLimits.of(Path.of(store.name()));
    Path queue =
        Path.of("/sys/class/block").resolve(Path.of(store.name()).getFileName()).resolve("queue");
    long max = Long.parseLong(Files.readString(queue.resolve("discard_max_bytes")).strip());
    long granularity =
        Long.parseLong(Files.readString(queue.resolve("discard_granularity")).strip());
    assertThat(limits.discardMax()).isEqualTo(max);
    assertThat(limits.discardGranularity()).isEqualTo(Math.max(granularity, 512));
    assertThat(store.discardSupport().supported()).isEqualTo(max > 0);
  }
}
