package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FlushLedgerTest {
  private final FlushLedger ledger = new FlushLedger();

  @Test
  void flushOfNothingBelievesAnySession() {
    ledger.born();
    assertThat(ledger.begin()).isEqualTo(FlushLedger.ANY);
  }

  @Test
  void oldestChangeDecides() {
    long first = ledger.born();
    long sentEarly = ledger.newest();
    ledger.born();
    ledger.acknowledged(ledger.newest());
    ledger.acknowledged(sentEarly);
    assertThat(ledger.begin()).isEqualTo(first);
  }

  @Test
  void changeThatIsFlushedDecidesNoMore() {
    ledger.born();
    ledger.acknowledged(ledger.newest());
    ledger.end(ledger.begin());
    long second = ledger.born();
    ledger.acknowledged(ledger.newest());
    assertThat(ledger.begin()).isEqualTo(second);
  }

  @Test
  void flushThatBeginsBeforeAnotherHasEndedCoversItsChangesToo() {
    long first = ledger.born();
    ledger.acknowledged(ledger.newest());
    long one = ledger.begin();
    ledger.born();
    long two = ledger.begin();
    assertThat(two).isEqualTo(first);
    ledger.end(one);
    ledger.end(two);
    assertThat(ledger.begin()).isEqualTo(FlushLedger.ANY);
  }

  @Test
  void changeThatIsAcknowledgedDuringAFlushIsLeftToTheNext() {
    ledger.born();
    long flush = ledger.begin();
    ledger.acknowledged(ledger.newest());
    ledger.end(flush);
    assertThat(ledger.begin()).isEqualTo(1);
  }
}
