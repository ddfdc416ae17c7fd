package io.clonedevice;

import io.clonedevice.engine.BufferPool;
import io.clonedevice.hydration.HydratorAgent;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads, the clock and the randomness that clone devices share: one hydrator thread and an
 * I/O executor for any number of devices.
 *
 * <p>A device that is opened without a runtime makes a private one and closes it with itself. A
 * runtime that is {@linkplain Builder#steppedByCaller() stepped by its caller} starts no hydrator
 * thread: with an executor, a clock and a seed of the caller's, a whole device runs step by step.
 *
 * <p>Thread-safe. Close it after its devices.
 */
public final class CloneRuntime implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CloneRuntime.class);
  private static final int IO_THREADS_MIN = 4;
  private static final long THREAD_IDLE_SECONDS = 30;

  private final Executor ioExecutor;
  private final ExecutorService ownedExecutor;
  private final ExecutorService ownedEventExecutor;
  private final HydratorAgent agent;
  private final AgentRunner runner;
  private final AgentInvoker invoker;
  private final BufferPool buffers = new BufferPool();
  private final Object lock = new Object();

  // Guarded by lock.
  private int openDevices;
  private boolean closed;

  private CloneRuntime(Builder builder) {
    this.ownedExecutor = builder.ioExecutor == null ? newIoExecutor(builder.ioThreads) : null;
    this.ioExecutor = builder.ioExecutor == null ? ownedExecutor : builder.ioExecutor;
    this.ownedEventExecutor = builder.ioExecutor == null ? newEventExecutor() : null;
    this.agent = new HydratorAgent(builder.clock, builder.random);
    if (builder.stepped) {
      this.runner = null;
      this.invoker = new AgentInvoker(CloneRuntime::unexpected, null, agent);
      invoker.start();
    } else {
      this.invoker = null;
      this.runner = new AgentRunner(agent.idleStrategy(), CloneRuntime::unexpected, null, agent);
      AgentRunner.startOnThread(runner, daemon("clone-hydrator"));
    }
  }

  /**
   * Makes a runtime with the defaults of {@link Builder}.
   *
   * @return an open runtime; the caller closes it
   */
  public static CloneRuntime create() {
    return builder().build();
  }

  /**
   * Begins a runtime.
   *
   * @return a builder with defaults
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Runs one duty cycle of the hydrator on this thread; only for a runtime that is stepped by its
   * caller.
   *
   * @return how much was done; 0 if there was nothing to do
   * @throws IllegalStateException if the hydrator has a thread of its own
   */
  public int step() {
    if (invoker == null) {
      throw new IllegalStateException("this runtime's hydrator runs on a thread of its own");
    }
    return invoker.invoke();
  }

  /**
   * Returns how many hints to the hydrator found their ring buffer full. Each costs a look at every
   * device; no work is lost.
   *
   * @return count since the runtime was made
   */
  public long hintsDropped() {
    return agent.hintsDropped();
  }

  /**
   * Stops the threads; the second and later calls do nothing. An executor that was given stays
   * open.
   *
   * @throws IllegalStateException if devices are open; close them first
   */
  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      if (openDevices > 0) {
        throw new IllegalStateException(
            openDevices + " devices of this runtime are open; close them first");
      }
      closed = true;
    }
    if (runner != null) {
      agent.stop();
      runner.close();
    } else {
      invoker.close();
    }
    if (ownedExecutor != null) {
      ownedExecutor.shutdown();
      ownedEventExecutor.shutdown();
    }
  }

  Executor ioExecutor() {
    return ioExecutor;
  }

  /**
   * Where listeners are called. Not the I/O threads: a listener may wait for a device, whose I/O
   * needs them.
   */
  Executor eventExecutor() {
    return ownedEventExecutor == null ? ioExecutor : ownedEventExecutor;
  }

  HydratorAgent agent() {
    return agent;
  }

  BufferPool buffers() {
    return buffers;
  }

  void deviceOpens() {
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the runtime is closed; give the device an open one");
      }
      openDevices++;
    }
  }

  void deviceClosed() {
    synchronized (lock) {
      openDevices--;
    }
  }

  private static ExecutorService newIoExecutor(int threads) {
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            threads,
            threads,
            THREAD_IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> daemon("clone-io-" + number.incrementAndGet()).newThread(task));
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  /** One thread for each device that has something to tell now. */
  private static ExecutorService newEventExecutor() {
    return new ThreadPoolExecutor(
        0,
        Integer.MAX_VALUE,
        THREAD_IDLE_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        daemon("clone-events"));
  }

  private static ThreadFactory daemon(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  private static void unexpected(Throwable failure) {
    if (!(failure instanceof AgentTerminationException)) {
      LOG.error("the hydrator met an unexpected failure", failure);
    }
  }

  /** Makes a {@link CloneRuntime}. Not thread-safe. */
  public static final class Builder {
    private int ioThreads =
        Math.max(IO_THREADS_MIN, 2 * Runtime.getRuntime().availableProcessors());
    private Executor ioExecutor;
    private NanoClock clock = SystemNanoClock.INSTANCE;
    private Random random = new Random();
    private boolean stepped;

    private Builder() {}

    /**
     * Sets how many threads run I/O at most; idle ones end after half a minute.
     *
     * @param threads positive; default twice the processors, at least 4
     * @return this
     * @throws IllegalArgumentException if not positive
     */
    public Builder ioThreads(int threads) {
      if (threads < 1) {
        throw new IllegalArgumentException("I/O threads are " + threads + "; choose at least 1");
      }
      this.ioThreads = threads;
      return this;
    }

    /**
     * Sets an executor for I/O and for calls of listeners instead of threads of the runtime's own.
     * Its tasks block on stores, and for as long as listeners do.
     *
     * @param executor stays the caller's to shut down, after the runtime was closed
     * @return this
     */
    public Builder ioExecutor(Executor executor) {
      this.ioExecutor = executor;
      return this;
    }

    /**
     * Sets the clock.
     *
     * @param nanoClock as {@link System#nanoTime()}, which is the default
     * @return this
     */
    public Builder clock(NanoClock nanoClock) {
      this.clock = nanoClock;
      return this;
    }

    /**
     * Sets where randomness (the variation of retry delays) comes from.
     *
     * @param source used by one thread at a time
     * @return this
     */
    public Builder random(Random source) {
      this.random = source;
      return this;
    }

    /**
     * Starts no hydrator thread: the caller runs {@link CloneRuntime#step()}.
     *
     * @return this
     */
    public Builder steppedByCaller() {
      this.stepped = true;
      return this;
    }

    /**
     * Makes the runtime and starts its hydrator.
     *
     * @return an open runtime; the caller closes it
     */
    public CloneRuntime build() {
      return new CloneRuntime(this);
    }
  }
}
