package io.clonedevice.examples.nbd.server;

import java.util.concurrent.atomic.LongAdder;

/** What a server has done; any thread. */
final class ServerCounters {
  final LongAdder requests = new LongAdder();
  final LongAdder errors = new LongAdder();
  final LongAdder bytesRead = new LongAdder();
  final LongAdder bytesWritten = new LongAdder();
}
