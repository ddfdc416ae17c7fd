package io.clonedevice.examples.nbd.server;

/**
 * The state of a server at one moment.
 *
 * @param connections clients that are connected
 * @param connectionsTotal clients that were accepted, since the start
 * @param requests requests in transmission, since the start
 * @param errors requests that were answered with an error, since the start
 * @param bytesRead bytes that clients asked to read, since the start
 * @param bytesWritten bytes that clients asked to write, since the start
 */
public record NbdServerStatus(
    int connections,
    long connectionsTotal,
    long requests,
    long errors,
    long bytesRead,
    long bytesWritten) {}
