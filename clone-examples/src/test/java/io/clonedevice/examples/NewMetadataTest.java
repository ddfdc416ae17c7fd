package io.clonedevice.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewMetadataTest {
  private static final long SIZE = 1 << 20;

  @TempDir private Path temporary;
  private Path path;

  @BeforeEach
  void choosePath() {
    path = temporary.resolve("metadata");
  }

  private static void fail() throws IOException {
    throw new IOException("out of luck");
  }

  @Test
  void whatWasMadeIsTakenAwayAfterAFailure() {
    assertThatThrownBy(() -> NewMetadata.write(path, SIZE, target -> fail()))
        .hasMessage("out of luck");

    assertThat(path).doesNotExist();
  }

  @Test
  void whatWasThereStaysAfterAFailure() throws Exception {
    CloneDirectory.writeSparse(path, SIZE);

    assertThatThrownBy(() -> NewMetadata.write(path, SIZE, target -> fail()))
        .hasMessage("out of luck");

    assertThat(path).hasSize(SIZE);
  }

  /** As if somebody had made it just now: a link to nowhere exists for who creates, not before. */
  @Test
  void whatSomebodyElseMadeMeanwhileStays() throws Exception {
    Files.createSymbolicLink(path, temporary.resolve("missing"));

    assertThatThrownBy(() -> NewMetadata.write(path, SIZE, target -> {}))
        .isInstanceOf(FileAlreadyExistsException.class);

    assertThat(Files.exists(path, LinkOption.NOFOLLOW_LINKS)).isTrue();
  }
}
