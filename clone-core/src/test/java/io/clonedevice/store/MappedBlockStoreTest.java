package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MappedBlockStoreTest extends FileBackedContract {
  @Override
  protected BlockStore create(Path path, long size) throws IOException {
    return MappedBlockStore.create(path, size);
  }

  @Override
  protected BlockStore open(Path path) throws IOException {
    return MappedBlockStore.open(path);
  }

  @Override
  protected BlockStore openReadOnly(Path path) throws IOException {
    return MappedBlockStore.openReadOnly(path);
  }

  @Override
  protected BlockStore openOrCreate(Path path, long size) throws IOException {
    return MappedBlockStore.openOrCreate(path, size);
  }

  @Test
  void closeUnmapsTheFile() throws Exception {
    Path maps = Path.of("/proc/self/maps");
    assumeTrue(Files.exists(maps), "no /proc/self/maps");
    Path file = directory.resolve("mapped");
    BlockStore store = create(file, 4096);
    store.write(0, ByteBuffer.allocate(512));
    assertThat(Files.readString(maps)).contains(file.toString());
    store.close();
    assertThat(Files.readString(maps)).doesNotContain(file.toString());
  }

  @Test
  void writeToATruncatedFileFailsAndTheStoreStaysUsable() throws Exception {
    Path file = directory.resolve("mapped");
    BlockStore store = tracked(create(file, 1 << 20));
    store.write(0, ByteBuffer.allocate(1 << 20));
    truncate(file, 1 << 16);
    assertThatThrownBy(() -> store.write(1 << 19, ByteBuffer.allocate(4096)))
        .isInstanceOf(BlockIoException.class)
        .hasMessageContaining("file was truncated");
    truncate(file, 1 << 20);
    store.write(1 << 19, ByteBuffer.allocate(4096).put(0, (byte) 5));
    store.flush();
    assertThat(read(store, 1 << 19, 512)[0]).isEqualTo((byte) 5);
  }

  @Test
  void segmentIsNotMappedOntoATruncatedFile() throws Exception {
    Path file = directory.resolve("mapped");
    BlockStore store = tracked(create(file, 1 << 20));
    truncate(file, 1 << 16);
    assertThatThrownBy(() -> store.write(1 << 19, ByteBuffer.allocate(4096)))
        .isInstanceOf(BlockIoException.class)
        .hasMessageContaining("file was truncated");
    assertThat(Files.size(file)).isEqualTo(1 << 16);
  }
}
