package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
  @TempDir private Path directory;

  @Test
  void runsOnTheUsersImageAndProvesTheCopy() throws IOException {
    Path image = directory.resolve("image");
    CloneDirectory.write(image, (8 << 20) + 512);

    Tool demo = Tool.run("demo", "--source", image);

    assertThat(demo.status()).as(demo.err()).isZero();
    assertThat(demo.out())
        .contains("closed: half-way", "closed: complete and durable")
        .contains("proof:  all 8389120 bytes of the destination are the source plus ")
        .contains("proof:  the source has not changed");
  }

  @Test
  void theProofFindsAWrongByte() throws IOException {
    DemoImage image = image();
    Path copy = copyOf(image);
    try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {42}), 77_777);
    }

    Assertions.assertThatIOException()
        .isThrownBy(() -> new DemoProof(image, Map.of()).compare(copy))
        .withMessage("the destination is wrong at byte 77777");
  }

  @Test
  void theProofFindsALostWrite() throws IOException {
    DemoImage image = image();
    Path copy = copyOf(image);

    Assertions.assertThatIOException()
        .isThrownBy(() -> new DemoProof(image, Map.of(8192L, new byte[4096])).compare(copy))
        .withMessage("the destination is wrong at byte 8192");
  }

  private DemoImage image() throws IOException {
    Path path = directory.resolve("image");
    byte[] bytes = new byte[128 << 10];
    new Random(1).nextBytes(bytes);
    bytes[77_777] = 1;
    bytes[8192] = 1;
    Files.write(path, bytes);
    return new DemoImage(path, bytes.length, "random bytes", false, List.of());
  }

  private Path copyOf(DemoImage image) throws IOException {
    return Files.copy(image.path(), directory.resolve("copy"));
  }
}
