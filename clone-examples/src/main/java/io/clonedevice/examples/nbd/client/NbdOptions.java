package io.clonedevice.examples.nbd.client;

import java.time.Duration;

/**
 * How an {@link NbdBlockStore} uses its server. Immutable; each method returns a changed copy.
 *
 * <pre>
 *                        default   range
 *   connections               4    1 to 64; more than one only if the server says that a flush
 *                                  covers them all, or nothing is written
 *   requestsInFlight         64    1 to 65536, on each connection
 *   requestTimeout         30 s    positive; without a reply for so long a connection is dropped
 *   connectTimeout         10 s    positive; for connection and handshake
 *   patience                2 min  positive; a request fails that is so old and has no reply
 *   reconnectDelayMax       5 s    positive; waits begin at 1/64 of it and double
 * </pre>
 */
public final class NbdOptions {
  private int connections = 4;
  private int requestsInFlight = 64;
  private Duration requestTimeout = Duration.ofSeconds(30);
  private Duration connectTimeout = Duration.ofSeconds(10);
  private Duration patience = Duration.ofMinutes(2);
  private Duration reconnectDelayMax = Duration.ofSeconds(5);

  private NbdOptions() {}

  private NbdOptions(NbdOptions other) {
    connections = other.connections;
    requestsInFlight = other.requestsInFlight;
    requestTimeout = other.requestTimeout;
    connectTimeout = other.connectTimeout;
    patience = other.patience;
    reconnectDelayMax = other.reconnectDelayMax;
  }

  /**
   * Returns the options that fit most servers.
   *
   * @return the defaults of the table above
   */
  public static NbdOptions defaults() {
    return new NbdOptions();
  }

  /**
   * Sets over how many connections requests are spread.
   *
   * @param count 1 to 64
   * @return a changed copy
   * @throws IllegalArgumentException if it is out of range
   */
  public NbdOptions connections(int count) {
    NbdOptions changed = new NbdOptions(this);
    changed.connections = checked("connections", count, 64);
    return changed;
  }

  /**
   * Sets how many requests may wait for their replies on each connection.
   *
   * @param count 1 to 65536
   * @return a changed copy
   * @throws IllegalArgumentException if it is out of range
   */
  public NbdOptions requestsInFlight(int count) {
    NbdOptions changed = new NbdOptions(this);
    changed.requestsInFlight = checked("requestsInFlight", count, 1 << 16);
    return changed;
  }

  /**
   * Sets how long a server may take to reply to one request before its connection is dropped.
   *
   * @param timeout positive
   * @return a changed copy
   * @throws IllegalArgumentException if it is not positive
   */
  public NbdOptions requestTimeout(Duration timeout) {
    NbdOptions changed = new NbdOptions(this);
    changed.requestTimeout = checked("requestTimeout", timeout);
    return changed;
  }

  /**
   * Sets how long connecting and the handshake may take.
   *
   * @param timeout positive
   * @return a changed copy
   * @throws IllegalArgumentException if it is not positive
   */
  public NbdOptions connectTimeout(Duration timeout) {
    NbdOptions changed = new NbdOptions(this);
    changed.connectTimeout = checked("connectTimeout", timeout);
    return changed;
  }

  /**
   * Sets how long a request is tried, over any number of connections, before it fails.
   *
   * @param time positive
   * @return a changed copy
   * @throws IllegalArgumentException if it is not positive
   */
  public NbdOptions patience(Duration time) {
    NbdOptions changed = new NbdOptions(this);
    changed.patience = checked("patience", time);
    return changed;
  }

  /**
   * Sets the longest pause between two attempts to connect.
   *
   * @param delay positive
   * @return a changed copy
   * @throws IllegalArgumentException if it is not positive
   */
  public NbdOptions reconnectDelayMax(Duration delay) {
    NbdOptions changed = new NbdOptions(this);
    changed.reconnectDelayMax = checked("reconnectDelayMax", delay);
    return changed;
  }

  int connections() {
    return connections;
  }

  int requestsInFlight() {
    return requestsInFlight;
  }

  long requestTimeoutNs() {
    return requestTimeout.toNanos();
  }

  long connectTimeoutNs() {
    return connectTimeout.toNanos();
  }

  long patienceNs() {
    return patience.toNanos();
  }

  long reconnectDelayMaxNs() {
    return reconnectDelayMax.toNanos();
  }

  private static int checked(String name, int value, int max) {
    if (value < 1 || value > max) {
      throw new IllegalArgumentException(name + " is " + value + "; use 1 to " + max);
    }
    return value;
  }

  private static Duration checked(String name, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + " is " + value + "; use a positive duration");
    }
    return value;
  }
}
