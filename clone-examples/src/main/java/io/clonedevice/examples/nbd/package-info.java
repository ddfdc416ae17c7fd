/**
 * The NBD protocol as both sides speak it: codes, flags, and the layout of messages. Everything on
 * the wire is big-endian, as a {@link java.nio.ByteBuffer} is by default. Nothing here does I/O or
 * keeps state, so any thread may call anything.
 *
 * <pre>
 *   handshake     server: NBDMAGIC IHAVEOPT flags     client: flags     {@link io.clonedevice.examples.nbd.NbdHandshake}
 *   option        client: IHAVEOPT option length data                   {@link io.clonedevice.examples.nbd.NbdOption}
 *   option reply  server: magic option type length data, one or more    {@link io.clonedevice.examples.nbd.NbdOptionReply}
 *   request       client: magic flags command cookie offset length ...  {@link io.clonedevice.examples.nbd.NbdRequest}
 *   reply         server: simple, or chunks (structured)                {@link io.clonedevice.examples.nbd.NbdReply}
 * </pre>
 *
 * @see "doc/proto.md of the NBD project"
 */
package io.clonedevice.examples.nbd;
