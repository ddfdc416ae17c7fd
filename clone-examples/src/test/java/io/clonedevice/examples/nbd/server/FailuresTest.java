package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.examples.nbd.NbdError;
import java.io.IOException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailuresTest {
  /** The first three as the protocol maps ENOSPC, EDQUOT and EFBIG. */
  @ParameterizedTest
  @CsvSource({
    "No space left on device, ENOSPC",
    "Disk quota exceeded, ENOSPC",
    "File too large, ENOSPC",
    "Input/output error, EIO"
  })
  void textOfTheSystemDecidesWhatAClientIsTold(String text, NbdError error) {
    Throwable failure = new CompletionException(new IOException("store", new IOException(text)));

    assertThat(Failures.errorOf(failure)).isEqualTo(error);
  }
}
