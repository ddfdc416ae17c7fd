package io.clonedevice.simulation;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The slow obvious model: for each sector the values that a read may find now, and those that a
 * power cut may leave.
 *
 * <p>Time is a counter of what begins and ends. A value goes when a write that began after it had
 * ended has succeeded (and, for a power cut, was flushed). So writes that were in flight together
 * leave any of their values, and a failed one leaves old and new.
 */
final class Model {
  /** A stamp that every content matches. */
  static final int ANY = -1;

  /** A write or a discard. */
  static final class Change {
    private final int stamp;
    private final int first;
    private final int end;
    private final long began;
    private long ended = Long.MAX_VALUE;
    private boolean succeeded;

    private Change(int stamp, int first, int end, long began) {
      this.stamp = stamp;
      this.first = first;
      this.end = end;
      this.began = began;
    }

    boolean matches(int found) {
      return stamp == ANY || stamp == found;
    }

    int stamp() {
      return stamp;
    }

    @Override
    public String toString() {
      return stamp + (ended == Long.MAX_VALUE ? " in flight" : succeeded ? "" : " failed");
    }
  }

  /** A read in flight. */
  static final class PendingRead {
    private final int first;
    private final long began;

    private PendingRead(int first, long began) {
      this.first = first;
      this.began = began;
    }
  }

  /** A value that is no longer there, for reads that began when it was. */
  private record Gone(int sector, Change change, long when) {}

  private final List<List<Change>> live = new ArrayList<>();
  private final List<List<Change>> durable = new ArrayList<>();
  private final Set<PendingRead> reads = new HashSet<>();
  private final List<Gone> gone = new ArrayList<>();
  private int nextStamp = Sectors.FIRST_WRITE;
  private long now;

  Model(int sectors) {
    Change source = past(Sectors.SOURCE);
    for (int i = 0; i < sectors; i++) {
      live.add(new ArrayList<>(List.of(source)));
      durable.add(new ArrayList<>(List.of(source)));
    }
  }

  private static Change past(int stamp) {
    Change change = new Change(stamp, 0, 0, -1);
    change.ended = -1;
    change.succeeded = true;
    return change;
  }

  long now() {
    return now++;
  }

  Change write(int first, int count) {
    return begin(nextStamp++, first, first + count);
  }

  /**
   * A discard of whole regions.
   *
   * @param stamp zero or anything
   */
  Change discard(int stamp, int first, int end) {
    return begin(stamp, first, end);
  }

  private Change begin(int stamp, int first, int end) {
    Change change = new Change(stamp, first, end, now++);
    for (int sector = first; sector < end; sector++) {
      live.get(sector).add(change);
      durable.get(sector).add(change);
    }
    return change;
  }

  void end(Change change, boolean succeeded, boolean isDurable) {
    change.ended = now++;
    change.succeeded = succeeded;
    if (!succeeded) {
      return;
    }
    for (int sector = change.first; sector < change.end; sector++) {
      List<Change> values = live.get(sector);
      for (int i = values.size() - 1; i >= 0; i--) {
        Change old = values.get(i);
        if (old.ended < change.began) {
          values.remove(i);
          if (!reads.isEmpty()) {
            gone.add(new Gone(sector, old, now));
          }
        }
      }
      if (isDurable) {
        durable.get(sector).removeIf(old -> old.ended < change.began);
      }
    }
  }

  /** Everything that had ended when a flush began is durable. */
  void flushed(long flushBegan) {
    for (List<Change> values : durable) {
      long newest = -1;
      for (Change change : values) {
        if (change.succeeded && change.ended < flushBegan) {
          newest = Math.max(newest, change.began);
        }
      }
      long limit = newest;
      if (values.size() > 1) {
        values.removeIf(change -> change.ended < limit);
      }
    }
  }

  PendingRead read(int first) {
    PendingRead read = new PendingRead(first, now++);
    reads.add(read);
    return read;
  }

  void forget(PendingRead read) {
    reads.remove(read);
    if (reads.isEmpty()) {
      gone.clear();
    }
  }

  /** Returns what is wrong with what a read found, {@code null} if nothing is. */
  String check(PendingRead read, int[] stamps) {
    String wrong = null;
    for (int i = 0; i < stamps.length && wrong == null; i++) {
      int sector = read.first + i;
      wrong = check(read, sector, stamps[i]);
    }
    forget(read);
    return wrong;
  }

  private String check(PendingRead read, int sector, int found) {
    List<Change> values = live.get(sector);
    boolean calm = gone.isEmpty();
    Change match = null;
    for (Change value : values) {
      calm &= value.ended < read.began && value.stamp != ANY;
      if (value.matches(found)) {
        match = value;
      }
    }
    for (Gone old : gone) {
      if (old.sector == sector && old.when > read.began && old.change.matches(found)) {
        match = old.change;
      }
    }
    if (match == null) {
      return "sector " + sector + " reads " + found + ", may read " + values;
    }
    if (calm && values.size() > 1) {
      // What was read once stays; a read that began earlier and is in flight may have found
      // another.
      Change only = match;
      if (reads.size() > 1) {
        values.forEach(value -> gone.add(new Gone(sector, value, now)));
      }
      values.removeIf(value -> value != only);
    }
    return null;
  }

  /** Returns what is wrong with what a power cut left, {@code null} if nothing is. */
  String checkDurable(int[] stamps) {
    return check(stamps, durable, "is left with");
  }

  /** As {@link #checkDurable} for media of a device that was closed well. */
  String checkLive(int[] stamps) {
    return check(stamps, live, "holds");
  }

  private static String check(int[] stamps, List<List<Change>> legal, String verb) {
    for (int sector = 0; sector < stamps.length; sector++) {
      int found = stamps[sector];
      boolean matches = false;
      for (Change value : legal.get(sector)) {
        matches |= value.matches(found);
      }
      if (!matches) {
        return "sector " + sector + " " + verb + " " + found + ", may be " + legal.get(sector);
      }
    }
    return null;
  }

  /**
   * A new life begins with what is there.
   *
   * @param isDurable whether that is all that a power cut can leave, too
   */
  void restart(int[] stamps, boolean isDurable) {
    reads.clear();
    gone.clear();
    for (int sector = 0; sector < stamps.length; sector++) {
      Change found = new Change(stamps[sector], sector, sector + 1, now);
      found.ended = now;
      found.succeeded = true;
      live.get(sector).clear();
      live.get(sector).add(found);
      if (isDurable) {
        durable.get(sector).clear();
      }
      durable.get(sector).add(found);
    }
    now++;
  }
}
