package io.clonedevice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.clonedevice.store.BlockIoException.Operation;
import io.clonedevice.store.MemoryBlockStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class RecordingBlockStoreTest {
  private final CallJournal journal = new CallJournal();
  private final RecordingBlockStore destination =
      new RecordingBlockStore("destination", new MemoryBlockStore(4096), journal);
  private final RecordingBlockStore metadata =
      new RecordingBlockStore("metadata", new MemoryBlockStore(4096), journal);

  @Test
  void sharedJournalShowsTheOrderAcrossStores() throws IOException {
    destination.write(512, ByteBuffer.allocate(1024));
    destination.flush();
    metadata.writeDurably(0, ByteBuffer.allocate(512));
    destination.discard(0, 512);
    destination.readAsync(0, ByteBuffer.allocate(512), failure -> assertThat(failure).isNull());
    assertThat(journal.calls())
        .containsExactly(
            new StoreCall("destination", Operation.WRITE, 512, 1024),
            new StoreCall("destination", Operation.FLUSH, 0, 0),
            new StoreCall("metadata", Operation.WRITE, 0, 512),
            new StoreCall("metadata", Operation.FLUSH, 0, 0),
            new StoreCall("destination", Operation.DISCARD, 0, 512),
            new StoreCall("destination", Operation.READ, 0, 512));
  }

  @Test
  void failedCallIsRecordedToo() throws IOException {
    metadata.close();
    assertThatThrownBy(metadata::flush).isInstanceOf(IOException.class);
    assertThat(metadata.calls()).hasSize(1);
  }

  @Test
  void clearedJournalIsEmpty() throws IOException {
    metadata.flush();
    journal.clear();
    assertThat(journal.calls()).isEmpty();
  }
}
