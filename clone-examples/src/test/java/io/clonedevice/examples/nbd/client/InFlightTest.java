package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.examples.nbd.NbdCommand;
import io.clonedevice.store.BlockIoException.Operation;
import org.junit.jupiter.api.Test;

class InFlightTest {
  private final InFlight table = new InFlight(2);

  @Test
  void aRequestIsDoneWhenItWasSentAndAnswered() throws Exception {
    Request request = request(0);
    long cookie = table.add(request);
    assertThat(table.get(cookie)).isSameAs(request);
    assertThat(table.markSent(cookie)).isFalse();
    assertThat(table.markReplied(cookie)).isTrue();
    assertThat(table.oldest()).isNull();
  }

  @Test
  void answeredBeforeItWasSentItIsLeftToTheSender() throws Exception {
    long cookie = table.add(request(0));
    assertThat(table.markReplied(cookie)).isFalse();
    assertThatThrownBy(() -> table.get(cookie)).isInstanceOf(NbdProtocolException.class);
    assertThat(table.markSent(cookie)).isTrue();
  }

  @Test
  void aCookieIsNeverUsedTwice() throws Exception {
    long first = table.add(request(0));
    table.markSent(first);
    table.markReplied(first);
    long second = table.add(request(0));
    assertThat(second).isNotEqualTo(first);
    assertThatThrownBy(() -> table.get(first))
        .isInstanceOf(NbdProtocolException.class)
        .hasMessageContaining(Long.toHexString(first));
  }

  @Test
  void drainTakesAllOldestFirstAndMakesRoom() {
    Request late = request(2);
    Request early = request(1);
    table.add(late);
    table.add(early);
    assertThat(table.isFull()).isTrue();
    assertThat(table.drain()).containsExactly(early, late);
    assertThat(table.isFull()).isFalse();
    assertThat(table.drain()).isEmpty();
  }

  private static Request request(long submittedNs) {
    return new Request(
        "store",
        Operation.READ,
        NbdCommand.READ,
        0,
        0,
        0,
        Request.NO_BUFFER,
        submittedNs,
        failure -> {});
  }
}
