/**
 * An NBD server for a clone device: {@link io.clonedevice.examples.nbd.server.NbdServer}. Needs
 * nothing but the device's API, so it can be lifted out.
 *
 * <p><b>What it speaks.</b> Fixed newstyle handshake with EXPORT_NAME, ABORT, LIST, INFO, GO,
 * STARTTLS, STRUCTURED_REPLY, LIST_META_CONTEXT and SET_META_CONTEXT; reads, writes, flush, trim,
 * write zeroes, cache (a hint what to hydrate next) and block status with {@code base:allocation}
 * and {@code x-clonedevice:hydration}. A flush makes durable what was completed on any connection,
 * so clients may use several.
 *
 * <p><b>Threads.</b> Each connection has one, its <em>reader</em>, on a blocking channel: no
 * hand-over and no selector between a request and its reply. It serves what is expected to be in
 * memory itself, straight between the device and its buffers, and sends replies together as long as
 * further requests have arrived. What was seen to wait for a medium is asynchronous, so that later
 * requests overtake it ({@code Pace}); its replies are sent by a <em>helper</em>. No thread of the
 * device ever writes to a socket, so a client that does not read blocks its own reader and one
 * helper at most.
 *
 * <pre>
 *   socket --&gt; RequestInput --&gt; Transmission --&gt; Reads, Writes, Erasures, BlockStatus
 *                                                   | inline          | asynchronous
 *   socket &lt;----------- ReplyOutput (batch) &lt;-------+                 |
 *   socket &lt;-- helper -- ReplyOutput (queue) &lt;--- thread of device ----+
 * </pre>
 *
 * <p><b>Limits.</b> A connection has 32 KiB of buffers (with TLS some 150 KiB of heap as well),
 * which grow to 1 MiB each for long reads and writes, 128 asynchronous requests and 64 MiB of
 * buffers for them; what exceeds the small buffers comes out of a budget of the server, and where
 * that is used up requests are served in small pieces by their reader: slower, but never waiting
 * for another connection. While half of it is used a connection that waits for its client keeps no
 * large buffer, unless the client announced a long write and sends nothing. A read or write has at
 * most 32 MiB, an option 64 KiB, a handshake 64 options and 10 seconds. A client that breaks the
 * protocol is disconnected, one that asks for what cannot be gets an error. A read of more than 1
 * MiB without structured replies is sent while it is read, and ends the connection if the medium
 * fails in its middle: those clients cannot be told otherwise.
 */
package io.clonedevice.examples.nbd.server;
