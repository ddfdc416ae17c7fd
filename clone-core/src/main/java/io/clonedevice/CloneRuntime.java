package io.clonedevice;

import io.clonedevice.engine.CopyExecutor;
import io.clonedevice.engine.Waiting;
import io.clonedevice.hydration.HydratorAgent;
import java.util.ArrayList;
import java.util.List;
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
 * The threads, the clock and the randomness that any number of clone devices share.
 *
 * <table>
 *   <caption>Threads, all of them daemons</caption>
 *   <tr><th>name</th><th>how many</th><th>what they do</th></tr>
 *   <tr><td>clone-hydrator</td><td>1</td>
 *       <td>decides what is copied and committed when; never blocks</td></tr>
 *   <tr><td>clone-io-<i>n</i></td><td>up to twice the processors, at least 4</td>
 *       <td>requests and commits</td></tr>
 *   <tr><td>clone-copy-<i>n</i></td><td>up to 64</td><td>background copies</td></tr>
 *   <tr><td>clone-events</td><td>one for each device that has something to tell now</td>
 *       <td>calls listeners, completes {@link CloneDevice#hydrated()}, closes stores that
 *       hang</td></tr>
 * </table>
 *
 * <p>All but the first begin when there is something to do and end after 30 seconds without. An
 * {@linkplain Builder#ioExecutor executor} that is given takes the place of all but the first; only
 * for closing stores that hang there is a thread of the runtime's own then, clone-close.
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
  private static final int COPY_THREADS_MAX = 64;
  private static final long THREAD_IDLE_SECONDS = 30;

  private final Executor ioExecutor;
  private final CopyExecutor copyExecutor;
  private final Executor eventExecutor;
  private final Executor closeExecutor;
  private final List<ExecutorService> ownedExecutors = new ArrayList<>();
  private final HydratorAgent agent;
  private final AgentRunner runner;
  private final AgentInvoker invoker;
  private final Waiting waiting;
  private final Object lock = new Object();

  // Guarded by lock.
  private int openDevices;
  private boolean closed;

  private CloneRuntime(Builder builder) {
    if (builder.ioExecutor == null) {
      this.ioExecutor = newExecutor("clone-io-", builder.ioThreads);
      this.copyExecutor =
          owned(
              new OnDemandExecutor(
                  builder.copyThreads, THREAD_IDLE_SECONDS, numbered("clone-copy-")));
      this.eventExecutor = newUnboundedExecutor("clone-events");
      this.closeExecutor = eventExecutor;
    } else {
      this.ioExecutor = builder.ioExecutor;
      this.copyExecutor = builder.ioExecutor::execute;
      this.eventExecutor = builder.ioExecutor;
      this.closeExecutor =
          builder.stepped ? builder.ioExecutor : newUnboundedExecutor("clone-close");
    }
    this.waiting =
        builder.whileWaiting == null ? Waiting.parked() : Waiting.stepping(builder.whileWaiting);
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
    ownedExecutors.forEach(ExecutorService::shutdown);
  }

  Executor ioExecutor() {
    return ioExecutor;
  }

  /** Background copies have threads of their own, so that no request waits behind them. */
  CopyExecutor copyExecutor() {
    return copyExecutor;
  }

  /**
   * Where listeners are called. Not the I/O threads: a listener may wait for a device, whose I/O
   * needs them.
   */
  Executor eventExecutor() {
    return eventExecutor;
  }

  Waiting waiting() {
    return waiting;
  }

  /**
   * Where stores are closed under calls that hang. Has a thread to give when those hold all others,
   * unless whoever steps this runtime decides that too.
   */
  Executor closeExecutor() {
    return closeExecutor;
  }

  HydratorAgent agent() {
    return agent;
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

  private Executor newExecutor(String threadName, int threads) {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            threads,
            threads,
            THREAD_IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            numbered(threadName));
    executor.allowCoreThreadTimeOut(true);
    return owned(executor);
  }

  /** One thread for each device that has something to do there now; none until then. */
  private Executor newUnboundedExecutor(String threadName) {
    return owned(
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            THREAD_IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            daemon(threadName)));
  }

  private <T extends ExecutorService> T owned(T executor) {
    ownedExecutors.add(executor);
    return executor;
  }

  private static ThreadFactory numbered(String namePrefix) {
    AtomicInteger number = new AtomicInteger();
    return task -> daemon(namePrefix + number.incrementAndGet()).newThread(task);
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
    private int copyThreads = COPY_THREADS_MAX;
    private Executor ioExecutor;
    private NanoClock clock = SystemNanoClock.INSTANCE;
    private Random random = new Random();
    private boolean stepped;
    private Runnable whileWaiting;

    private Builder() {}

    /**
     * Sets how many threads run requests and commits at most; idle ones end after half a minute.
     *
     * @param threads positive; default twice the processors, at least 4
     * @return this
     * @throws IllegalArgumentException if not positive
     */
    public Builder ioThreads(int threads) {
      this.ioThreads = checkThreads("I/O", threads);
      return this;
    }

    /**
     * Sets how many threads run background copies at most. There are never more of them than copies
     * of blocking stores were in flight, and idle ones end after half a minute.
     *
     * @param threads positive; default 64
     * @return this
     * @throws IllegalArgumentException if not positive
     */
    public Builder copyThreads(int threads) {
      this.copyThreads = checkThreads("copy", threads);
      return this;
    }

    /**
     * Sets an executor for requests, commits, background copies and calls of listeners instead of
     * threads of the runtime's own. Its tasks block on stores, and for as long as listeners do. One
     * that runs tasks at once runs listeners in the middle of what they hear of: they must not wait
     * for the device then.
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
     * Sets what a thread does that must wait for a device (in {@link CloneDevice#close()}, {@link
     * CloneDevice#suspend()}, {@link CloneDevice#status()}, {@link CloneDevice#reopenReadWrite()}
     * and the blocking face), instead of being parked until other threads have done the work: it
     * runs this again and again until it can go on. With it a single thread can run a whole device,
     * requests in flight included.
     *
     * @param step does some of the work: runs a queued task, {@linkplain CloneRuntime#step() steps}
     *     the hydrator, moves the clock; called without a lock of the device (but that of a suspend
     *     under way); what it throws ends the wait and leaves the device fit for nothing but being
     *     dropped
     * @return this
     */
    public Builder whileWaiting(Runnable step) {
      this.whileWaiting = step;
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

    private static int checkThreads(String what, int threads) {
      if (threads < 1) {
        throw new IllegalArgumentException(
            what + " threads are " + threads + "; choose at least 1");
      }
      return threads;
    }
  }
}
