package io.clonedevice.hydration;

import io.clonedevice.engine.CloneEngine;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RecordDescriptor;
import org.agrona.concurrent.ringbuffer.RingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The duty cycle that hydrates all devices of a runtime. Decides, claims and starts; never blocks.
 *
 * <p>Records arrive through two rings. Hints may be dropped: {@code lookAtAll} is set then, and
 * every device is looked at. Completions may not: {@link #tryReserveCopy} keeps the copies in
 * flight below what their ring can hold.
 *
 * <p>Devices that want more copies than that take turns. Who was refused one waits in a queue, and
 * what comes free is for its head; who gives a copy back and wants another waits behind all others.
 * So no device can keep for itself what it got first.
 */
public final class HydratorAgent implements Agent {
  private static final Logger LOG = LoggerFactory.getLogger(HydratorAgent.class);
  private static final int RING_SIZE = 1 << 16;

  /** How soon a duty cycle that failed is tried again. */
  private static final long RETRY_NS = 100_000_000;

  private static final int RECORD_SIZE =
      BitUtil.align(
          HydrationRecord.LENGTH + RecordDescriptor.HEADER_LENGTH, RecordDescriptor.ALIGNMENT);

  /** Half of what the ring holds: a record never wraps, so a part of the ring may be padding. */
  private static final int COPIES_IN_FLIGHT_MAX = RING_SIZE / RECORD_SIZE / 2;

  private final NanoClock clock;
  private final Random jitter; // guarded by itself
  private final RingBuffer hints = newRing();
  private final RingBuffer completions = newRing();
  private final ParkingIdleStrategy idle = new ParkingIdleStrategy();
  private final AtomicInteger nextId = new AtomicInteger();
  private final LongAdder hintsDropped = new LongAdder();

  // Written by those who open and close devices, read by the agent; edge: the map.
  private final Map<Integer, DeviceHydrator> devices = new ConcurrentHashMap<>();

  // Written by who closes the runtime, read by the agent; edge: volatile.
  private volatile boolean stopping;

  // Set by who lost a hint, cleared by the agent; edge: volatile.
  private volatile boolean lookAtAll;

  // Set by who took a device out of the map, cleared by the agent before it looks there; edge:
  // volatile.
  private volatile boolean someForgotten;

  // The agent's alone.
  private final Set<DeviceHydrator> due = new LinkedHashSet<>();
  private final PriorityQueue<DeviceHydrator> deadlines =
      new PriorityQueue<>(Comparator.comparingLong(DeviceHydrator::deadlineNs));
  private final Set<DeviceHydrator> refused = new LinkedHashSet<>();
  private boolean copyGiven; // to the device at work
  private int copiesInFlight;
  private long nowNs;

  /**
   * Makes an agent; it does nothing until somebody runs its duty cycle.
   *
   * @param clock tells the time
   * @param jitter varies retry delays; used under its own monitor only, to seed each device's own
   */
  public HydratorAgent(NanoClock clock, Random jitter) {
    this.clock = clock;
    this.jitter = jitter;
  }

  /**
   * Makes what hydrates a device; the result is what the engine must be started with.
   *
   * @param engine the device
   * @param settings {@linkplain Hydration#forRegionSize for the device's region size}
   * @param events told what happens
   * @return the device's hydrator; {@linkplain DeviceHydrator#start started} after the engine
   */
  public DeviceHydrator hydrate(CloneEngine engine, Hydration settings, HydrationEvents events) {
    return new DeviceHydrator(
        nextId.incrementAndGet(), this, engine, settings, events, clock.nanoTime(), newJitter());
  }

  /** Any number of devices may be opened at the same time. */
  private Random newJitter() {
    synchronized (jitter) {
      return new Random(jitter.nextLong());
    }
  }

  /**
   * Returns the strategy that lets the agent's thread sleep until there is work or a deadline.
   *
   * @return for this agent's runner only
   */
  public IdleStrategy idleStrategy() {
    return idle;
  }

  /**
   * Returns how many hints found their ring full; they cost a look at every device, no work was
   * lost.
   *
   * @return count
   */
  public long hintsDropped() {
    return hintsDropped.sum();
  }

  /** Ends the duty cycle of a runner soon, wherever it is parked. */
  public void stop() {
    stopping = true;
    idle.wake();
  }

  @Override
  public String roleName() {
    return "clone-hydrator";
  }

  @Override
  public int doWork() {
    if (stopping) {
      throw new AgentTerminationException();
    }
    try {
      return cycle();
    } catch (RuntimeException | Error e) {
      // An error would end the agent's thread, and with it the hydration and the commits of all
      // devices. What is due stays due.
      LOG.error("the hydrator met an unexpected failure", e);
      return 0;
    }
  }

  private int cycle() {
    nowNs = clock.nanoTime();
    if (someForgotten) {
      someForgotten = false;
      deadlines.removeIf(this::isForgotten);
      refused.removeIf(this::isForgotten);
    }
    int records = completions.read(this::onRecord) + hints.read(this::onRecord);
    if (lookAtAll) {
      lookAtAll = false;
      due.addAll(devices.values());
    }
    while (!deadlines.isEmpty() && deadlines.peek().deadlineNs() - nowNs <= 0) {
      due.add(deadlines.poll());
    }
    int served = serveRefused();
    int worked = due.size();
    due.forEach(this::work);
    due.clear();
    return records + served + worked;
  }

  /**
   * Lets go on who was refused a copy, in the order of their arrival and before those that are due,
   * until there is none to give. Each gets one while others wait, and waits anew if it wants more.
   */
  private int serveRefused() {
    int served = 0;
    while (copiesInFlight < COPIES_IN_FLIGHT_MAX && !refused.isEmpty()) {
      DeviceHydrator first = refused.iterator().next();
      due.add(first); // and stays due if it fails
      refused.remove(first);
      work(first);
      due.remove(first);
      served++;
    }
    return served;
  }

  private void work(DeviceHydrator device) {
    copyGiven = false;
    deadlines.remove(device);
    device.deadlineNs(device.work(nowNs));
    if (device.deadlineNs() != DeviceHydrator.NEVER) {
      deadlines.add(device);
    }
  }

  // ---- any thread

  void takeOn(DeviceHydrator device) {
    devices.put(device.id(), device);
    // Records that came before this are lost, so the device's own signal may be.
    hint(HydrationRecord.WORK, device.id(), 0, 0);
  }

  void hint(int type, int deviceId, long firstRegion, long regionCount) {
    if (!write(hints, type, deviceId, false, firstRegion, regionCount, 0)) {
      hintsDropped.increment();
      lookAtAll = true;
    }
    idle.wake();
  }

  void copyEnded(int deviceId, long firstRegion, long count, boolean failed, long startNs) {
    if (!write(
        completions,
        HydrationRecord.COPY_ENDED,
        deviceId,
        failed,
        firstRegion,
        count,
        timeOr(startNs) - startNs)) {
      throw new IllegalStateException("no room for the end of a copy: reserved too few");
    }
    idle.wake();
  }

  /** Returns the time; a clock that fails must not cost the end of a copy, or the thread. */
  private long timeOr(long fallbackNs) {
    try {
      return clock.nanoTime();
    } catch (RuntimeException | Error e) {
      LOG.error("the clock failed", e);
      return fallbackNs;
    }
  }

  /** What the agent's own queues hold of a device that has closed goes with its next cycle. */
  void forget(DeviceHydrator device) {
    devices.remove(device.id());
    someForgotten = true;
    idle.wake();
  }

  // ---- the hydrator loop

  private boolean isForgotten(DeviceHydrator device) {
    return !devices.containsKey(device.id());
  }

  /** Allows a device one more copy, or lets it wait for its turn: it is called again then. */
  boolean tryReserveCopy(DeviceHydrator device) {
    if (copiesInFlight == COPIES_IN_FLIGHT_MAX || (copyGiven && !refused.isEmpty())) {
      refused.add(device);
      return false;
    }
    copyGiven = true;
    copiesInFlight++;
    return true;
  }

  void returnCopy() {
    copiesInFlight--;
  }

  private void onRecord(int type, MutableDirectBuffer buffer, int index, int length) {
    DeviceHydrator device = devices.get(buffer.getInt(index + HydrationRecord.DEVICE_OFFSET));
    long firstRegion = buffer.getLong(index + HydrationRecord.FIRST_REGION_OFFSET);
    if (type == HydrationRecord.COPY_ENDED) {
      copiesInFlight--;
    }
    if (device == null) {
      return;
    }
    if (type == HydrationRecord.COPY_ENDED) {
      device.copyEnded(
          firstRegion,
          buffer.getLong(index + HydrationRecord.REGION_COUNT_OFFSET),
          buffer.getInt(index + HydrationRecord.FAILED_OFFSET) != 0,
          buffer.getLong(index + HydrationRecord.DURATION_OFFSET),
          nowNs);
    } else if (type == HydrationRecord.WANTED_SOON) {
      device.regionsWanted(
          firstRegion, buffer.getLong(index + HydrationRecord.REGION_COUNT_OFFSET));
    }
    due.add(device);
  }

  private static boolean write(
      RingBuffer ring,
      int type,
      int deviceId,
      boolean failed,
      long firstRegion,
      long count,
      long durationNs) {
    int index = ring.tryClaim(type, HydrationRecord.LENGTH);
    if (index < 0) {
      return false;
    }
    HydrationRecord.encode(ring.buffer(), index, deviceId, failed, firstRegion, count, durationNs);
    ring.commit(index);
    return true;
  }

  private static RingBuffer newRing() {
    return new ManyToOneRingBuffer(
        new UnsafeBuffer(
            BufferUtil.allocateDirectAligned(
                RING_SIZE + RingBufferDescriptor.TRAILER_LENGTH, BitUtil.CACHE_LINE_LENGTH)));
  }

  /**
   * Parks the agent's thread until a record arrives or a deadline passes. A producer first moves
   * the ring's tail (or sets a flag) and then looks at {@code parked}; the agent first sets {@code
   * parked} and then looks at tails and flags: one of them sees the other.
   */
  private final class ParkingIdleStrategy implements IdleStrategy {
    // Written by the agent's thread, read by producers; edge: volatile.
    private volatile Thread parked;

    void wake() {
      Thread thread = parked;
      if (thread != null) {
        LockSupport.unpark(thread);
      }
    }

    @Override
    public void idle(int workCount) {
      if (workCount <= 0) {
        idle();
      }
    }

    @Override
    public void idle() {
      parked = Thread.currentThread();
      if (hints.size() == 0
          && completions.size() == 0
          && !lookAtAll
          && !someForgotten
          && !stopping) {
        DeviceHydrator next = deadlines.peek();
        if (!due.isEmpty()) {
          LockSupport.parkNanos(HydratorAgent.this, RETRY_NS);
        } else if (next == null) {
          LockSupport.park(HydratorAgent.this);
        } else {
          LockSupport.parkNanos(HydratorAgent.this, next.deadlineNs() - timeOr(nowNs));
        }
      }
      parked = null;
      // Agrona's runner ends without a word if its thread is interrupted after this. (Not in the
      // duty cycle: the thread that steps it may be the caller's, and so its interrupt.)
      if (!stopping && Thread.interrupted()) {
        LOG.warn("the hydrator was interrupted and goes on; close its runtime to end it");
      }
    }

    @Override
    public void reset() {}
  }
}
