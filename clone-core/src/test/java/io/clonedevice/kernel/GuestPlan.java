package io.clonedevice.kernel;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the kernel is to do, in the words of {@code guest.py}. Offsets and lengths are bytes. */
final class GuestPlan {
  private final List<String> lines = new ArrayList<>();

  List<String> lines() {
    return lines;
  }

  void data(Path file) {
    add("data", file);
  }

  void create(String device, String table) {
    add("create", device, table);
  }

  void step(String device, Step step) {
    switch (step.kind()) {
      case WRITE -> write(device, step);
      case WRITE_DURABLY -> {
        write(device, step);
        flush(device);
      }
      case DISCARD -> add("discard", device, step.offset(), step.length());
      case FLUSH -> flush(device);
    }
  }

  private void write(String device, Step step) {
    add("write", device, step.offset(), step.length(), step.dataOffset());
  }

  void flush(String device) {
    add("flush", device);
  }

  void enableHydration(String device) {
    add("enable", device);
  }

  void disableHydration(String device, long hydratedRegions) {
    add("disable", device, hydratedRegions);
  }

  void status(String device, String tag) {
    add("status", device, tag);
  }

  void compare(String device, String expected, long expectedOffset, long length, String tag) {
    add("compare", device, expected, expectedOffset, length, tag);
  }

  void remove(String device) {
    add("remove", device);
  }

  private void add(Object... words) {
    lines.add(String.join(" ", java.util.Arrays.stream(words).map(Object::toString).toList()));
  }
}
