package io.clonedevice.examples.nbd.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Replies of asynchronous requests when there is no thread or no memory to send them with. */
class ReplyOutputTest {
  private static final int RESERVED = 4096;

  private final InFlight inFlight = new InFlight(new MemoryBudget(2 * RESERVED));
  private final Client client = new Client();

  private static final class Client implements ByteChannel {
    private boolean open = true;
    private Error error;

    @Override
    public int read(ByteBuffer target) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int write(ByteBuffer source) throws ClosedChannelException {
      if (error != null) {
        throw error;
      }
      if (!open) {
        throw new ClosedChannelException();
      }
      int count = source.remaining();
      source.position(source.limit());
      return count;
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() {
      open = false;
    }
  }

  private ReplyOutput output(Executor helpers) {
    return new ReplyOutput(
        client, new LargeBuffers(new MemoryBudget(0)), inFlight, helpers, client::close);
  }

  private void leaveTwo(ReplyOutput output) throws InterruptedException {
    for (int cookie = 0; cookie < 2; cookie++) {
      assertThat(inFlight.enter(RESERVED)).isTrue();
      output.leave(new LateReply(ReplyCodec.success(cookie), null, RESERVED));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void connectionEndsIfNoThreadCanSend(boolean outOfThreads) throws InterruptedException {
    ReplyOutput output =
        output(
            task -> {
              if (outOfThreads) {
                throw new OutOfMemoryError("unable to create native thread");
              }
              throw new RejectedExecutionException("shut down");
            });

    leaveTwo(output);

    assertThat(client.isOpen()).isFalse();
    assertThat(inFlight.isEmpty()).as("everything was given back").isTrue();
  }

  @Test
  void connectionEndsIfThereIsNoMemoryToSendWith() throws InterruptedException {
    client.error = new OutOfMemoryError("Cannot reserve direct buffer memory");

    leaveTwo(output(Runnable::run));

    assertThat(client.isOpen()).isFalse();
    assertThat(inFlight.isEmpty()).as("everything was given back").isTrue();
  }
}
