/**
 * An NBD client as a block store: {@link io.clonedevice.examples.nbd.client.NbdBlockStore} over the
 * connections to the export that an {@link io.clonedevice.examples.nbd.client.NbdUri} names.
 *
 * <pre>
 *   callers --> RequestQueue --> Link 1: Session (socket, requests in flight), writing thread + reading thread
 *                   ^       \--> Link 2: ...
 *                   |            ...
 *                   +--- requests of a session that was lost come back to the front
 * </pre>
 *
 * <p>A caller only puts a request into the queue. Each link's writing thread takes requests from it
 * while it has room, so the link that is least busy takes most, and its reading thread completes
 * them. When a session is lost, the writing thread waits until the reading thread has ended,
 * decides what may be sent again, and connects anew. A watchdog ends sessions that have stopped
 * answering.
 */
package io.clonedevice.examples.nbd.client;
