package io.clonedevice.examples.nbd.server;

import java.nio.channels.ByteChannel;
import java.util.Set;

/**
 * What client and server agreed on before transmission.
 *
 * @param channel the connection, plain or TLS
 * @param structuredReplies whether reads are answered in chunks
 * @param contexts metadata contexts that were chosen
 */
record Negotiated(ByteChannel channel, boolean structuredReplies, Set<MetaContext> contexts) {}
