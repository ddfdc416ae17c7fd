package io.clonedevice;

import io.clonedevice.store.BlockStore;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.FilterBlockStore;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bad input, each kind with its message: after it every file is as it was and nothing stays open.
 */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
abstract class RefusalTest {
  static final int REGION = 8192;
  static final int SIZE = 10 * REGION;

  @TempDir Path directory;
  FileMedia files;

  @BeforeEach
  void makeFiles() throws IOException {
    files = new FileMedia(directory, SIZE, REGION);
  }

  final void refuse(FileMedia.Attempt attempt, Class<? extends Throwable> type, String... words)
      throws Exception {
    files.assertRefused(attempt).isInstanceOf(type).hasMessageContainingAll(words);
  }

  final BlockStore source() throws IOException {
    return FileChannelBlockStore.openReadOnly(files.source);
  }

  final BlockStore destination() throws IOException {
    return FileChannelBlockStore.open(files.destination);
  }

  final BlockStore metadata() throws IOException {
    return FileChannelBlockStore.open(files.metadata);
  }

  /** Says that it has other logical blocks. */
  static final class Blocks extends FilterBlockStore {
    private final int size;

    Blocks(BlockStore delegate, int size) {
      super(delegate);
      this.size = size;
    }

    @Override
    public int logicalBlockSize() {
      return size;
    }
  }
}
