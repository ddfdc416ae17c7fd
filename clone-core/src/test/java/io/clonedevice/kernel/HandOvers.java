package io.clonedevice.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.dm.DmCloneTarget;
import io.clonedevice.dm.StatusLine;
import io.clonedevice.dm.TableLine;
import io.clonedevice.kernel.CarriedClone.Holder;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Gives clones to the kernel and to the library in turn, and checks at each hand-over that what one
 * left is what the other finds: status line, hydrated regions, contents, sound metadata.
 */
final class HandOvers {
  /** How far a turn goes. */
  enum Until {
    IN_PART,
    TO_THE_END
  }

  private static final int STEPS = 12;
  private static final int STEPS_ON_GIANTS = 4;
  private static final int GIANT = 1 << 30;

  // The kernel copies a device of fewer regions before it can be told to stop, if it is let.
  private static final int FEW_REGIONS = 4000;
  private static final int DELAY_MS = 50;

  private final KernelTool tool;
  private final Path folder;
  private final Random random;
  private final byte[] pool = new byte[Step.POOL_SIZE];
  private final Path poolFile;
  private final SparseBytes source;
  private final Path sourceImage;
  private final Tally tally;

  /** What ran, over several of these. */
  static final class Tally {
    private int boots;
    private int kernelToLibrary;
    private int libraryToKernel;
    private int begunByKernel;
    private int checked;
    private final Map<String, Integer> notes = new TreeMap<>();

    @Override
    public String toString() {
      return String.format(
          "%d boots of the kernel; %d clones begun by it; hand-overs: %d from library to kernel, %d"
              + " from kernel to library; %d metadata images checked, notes %s",
          boots, begunByKernel, libraryToKernel, kernelToLibrary, checked, notes);
    }
  }

  HandOvers(KernelTool tool, Path folder, long sourceSize, Tally tally) throws IOException {
    this.tool = tool;
    this.folder = folder;
    this.tally = tally;
    this.random = Seed.random();
    random.nextBytes(pool);
    this.poolFile = Files.write(folder.resolve("pool"), pool);
    this.source = randomSource(sourceSize);
    this.sourceImage = folder.resolve("source.img");
    source.save(sourceImage, 0, sourceSize);
  }

  /** Dense at first, then a piece here and there, on borders of large regions among others. */
  private SparseBytes randomSource(long size) {
    SparseBytes bytes = new SparseBytes(size);
    byte[] dense = new byte[(int) Math.min(size, 20 << 20)];
    random.nextBytes(dense);
    bytes.write(0, dense, 0, dense.length);
    for (long at = 32L << 20; at + (32 << 10) < size; at += 32L << 20) {
      bytes.write(at - (16 << 10), pool, random.nextInt(1 << 20), 32 << 10);
    }
    return bytes;
  }

  CarriedClone newClone(CarriedClone.Shape shape) throws IOException {
    return new CarriedClone(shape, folder, source);
  }

  // ---- the library

  void libraryTurns(List<CarriedClone> clones, Until until) throws Exception {
    List<String> lines = new ArrayList<>();
    for (CarriedClone clone : clones) {
      if (clone.holder() == Holder.KERNEL) {
        tally.kernelToLibrary++;
      }
      lines.add(libraryTurn(clone, until));
    }
    finishTurn(clones, lines, Holder.LIBRARY, until);
  }

  private String libraryTurn(CarriedClone clone, Until until) throws Exception {
    String line;
    try (LibraryTurn turn = new LibraryTurn(clone, sourceImage, pool, random)) {
      if (clone.statusLine() != null) {
        assertThat(turn.statusLine())
            .as("status of %s in the library, after %s", clone, clone.holder())
            .isEqualTo(clone.statusLine());
      }
      turn.expectContents();
      for (int i = 0; i < stepCount(clone); i++) {
        turn.request(randomStep(clone));
      }
      assertThat(hydratedIn(turn.statusLine()))
          .as("hydrated regions of %s after the library's requests", clone)
          .isEqualTo(clone.hydrated().cardinality());
      if (until == Until.IN_PART) {
        turn.hydrateInPart();
      } else {
        turn.hydrateToTheEnd();
      }
      turn.expectContents();
      line = turn.statusLine();
    }
    return line;
  }

  // ---- the kernel

  void kernelTurns(List<CarriedClone> clones, Until until) throws Exception {
    GuestPlan plan = new GuestPlan();
    plan.data(poolFile);
    List<Path> images = new ArrayList<>(List.of(sourceImage));
    Map<String, Long> predicted = new TreeMap<>();
    for (CarriedClone clone : clones) {
      predicted.put(clone + "-load", (long) clone.hydrated().cardinality());
      predicted.put(clone + "-requests", planTurn(plan, images, clone, until));
    }
    List<String> output = tool.run(plan, images);
    tally.boots++;
    Map<String, String> status = statusLines(output);
    for (CarriedClone clone : clones) {
      switch (clone.holder()) {
        case LIBRARY -> tally.libraryToKernel++;
        case NOBODY -> tally.begunByKernel++;
        case KERNEL -> {}
      }
      expectSameStatus(
          clone,
          status.get(clone + "-load"),
          clone.statusLine() != null ? clone.statusLine() : freshStatusLine(clone.shape()));
      assertThat(output).as("kernel's view of contents").contains("same " + clone + "-after");
      if (until == Until.TO_THE_END) {
        assertThat(output).as("the copy").contains("same " + clone + "-destination");
      }
    }
    assertThat(output).as("kernel's view of contents").noneMatch(l -> l.startsWith("differs"));
    predicted.forEach(
        (tag, count) ->
            assertThat(hydratedIn(status.get(tag)))
                .as("hydrated regions in the kernel: %s", tag)
                .isEqualTo(count));
    finishTurn(
        clones,
        clones.stream().map(clone -> status.get(clone + "-end")).toList(),
        Holder.KERNEL,
        until);
  }

  /** Returns how many regions are hydrated after the requests, before background copying. */
  private long planTurn(GuestPlan plan, List<Path> images, CarriedClone clone, Until until)
      throws IOException {
    CarriedClone.Shape shape = clone.shape();
    String device = clone.toString();
    int first = images.size();
    images.addAll(List.of(clone.metadata(), clone.destination(), clone.newExpectedImage()));
    String expected = KernelTool.disk(first + 2);
    boolean slowly = until == Until.IN_PART && isSlowedDown(shape);
    String sourceDevice = KernelTool.disk(0);
    if (slowly) {
      plan.create(
          "slow", "0 %d delay %s 0 %d".formatted(shape.deviceSize() / 512, sourceDevice, DELAY_MS));
      sourceDevice = "/dev/mapper/slow";
    }
    plan.create(
        device, shape.table(KernelTool.disk(first), KernelTool.disk(first + 1), sourceDevice));
    plan.status(device, clone + "-load");
    if (shape.regionSize() < GIANT) {
      // Of a giant, for its slowness, only after the turn: what was wrong before is wrong then.
      plan.compare(device, expected, 0, shape.deviceSize(), clone + "-before");
    }
    for (int i = 0; i < stepCount(clone); i++) {
      Step step = randomStep(clone);
      plan.step(device, step);
      clone.appliedByKernel(step, pool);
    }
    plan.status(device, clone + "-requests");
    long plannedCount = clone.hydrated().cardinality();
    long left = shape.regions() - plannedCount;
    plan.enableHydration(device);
    for (int i = 0; i < 3; i++) {
      Step step = Step.randomWrite(random, shape.deviceSize(), shape.regionSize());
      plan.step(device, step);
      clone.appliedByKernel(step, pool);
    }
    plan.disableHydration(
        device, until == Until.TO_THE_END ? shape.regions() : plannedCount + left / 6);
    clone.addExpectedAfter();
    plan.compare(
        device, expected, clone.expectedAfterOffset(), shape.deviceSize(), clone + "-after");
    plan.status(device, clone + "-end");
    plan.remove(device);
    if (slowly) {
      plan.remove("slow");
    }
    if (until == Until.TO_THE_END) {
      plan.compare(
          KernelTool.disk(first + 1),
          expected,
          clone.expectedAfterOffset(),
          shape.deviceSize(),
          clone + "-destination");
    }
    return plannedCount;
  }

  /** What the library says of a clone that it has just formatted. */
  private static String freshStatusLine(CarriedClone.Shape shape) throws IOException {
    try (DmCloneTarget target =
        DmCloneTarget.create(
            TableLine.parse(shape.table("metadata", "destination", "source")),
            (name, readOnly) ->
                new MemoryBlockStore(
                    name.equals("metadata")
                        ? shape.metadataSize()
                        : (long) shape.regions() * shape.regionSize()),
            CloneDevice.builder())) {
      return target.status().toString();
    }
  }

  // ---- both

  private void finishTurn(List<CarriedClone> clones, List<String> lines, Holder holder, Until until)
      throws Exception {
    List<CheckedImage> checks = tool.check(clones.stream().map(CarriedClone::metadata).toList());
    for (int i = 0; i < clones.size(); i++) {
      CarriedClone clone = clones.get(i);
      CheckedImage check = checks.get(i);
      tally.checked++;
      check.notes().forEach(note -> tally.notes.merge(holder + ": " + note, 1, Integer::sum));
      assertThat(check.faults()).as("metadata of %s as %s left it", clone, holder).isEmpty();
      StatusLine.Counters line = (StatusLine.Counters) StatusLine.parse(lines.get(i));
      assertThat(check.usedBlocks() + "/" + check.totalBlocks())
          .as("metadata blocks of %s", clone)
          .isEqualTo(line.usedBlocks() + "/" + line.totalBlocks());
      assertThat(check.hydrated().cardinality())
          .as("hydrated regions on the medium of %s, which says %s", clone, line)
          .isEqualTo((int) line.hydratedRegions());
      BitSet missing = clone.hydrated();
      missing.andNot(check.hydrated());
      assertThat(missing.stream())
          .as("regions of %s that must be hydrated and are not", clone)
          .isEmpty();
      if (until == Until.TO_THE_END) {
        assertThat(line.hydratedRegions()).as("all of %s", clone).isEqualTo(line.regionCount());
      }
      clone.handOver(holder, lines.get(i), check.hydrated());
    }
  }

  private static void expectSameStatus(CarriedClone clone, String kernel, String library) {
    assertThat(kernel)
        .as("status of %s in the kernel, and in the library", clone)
        .isEqualTo(library);
    assertThat(StatusLine.parse(kernel)).hasToString(kernel);
  }

  private static Map<String, String> statusLines(List<String> output) {
    Map<String, String> lines = new TreeMap<>();
    for (String line : output) {
      if (line.startsWith("status ")) {
        String[] words = line.split(" ", 3);
        lines.put(words[1], words[2]);
      }
    }
    return lines;
  }

  private static long hydratedIn(String line) {
    return ((StatusLine.Counters) StatusLine.parse(line)).hydratedRegions();
  }

  private Step randomStep(CarriedClone clone) {
    return Step.random(random, clone.shape().deviceSize(), clone.shape().regionSize());
  }

  private static boolean isSlowedDown(CarriedClone.Shape shape) {
    return shape.regions() < FEW_REGIONS && shape.regionSize() < GIANT;
  }

  private static int stepCount(CarriedClone clone) {
    return clone.shape().regionSize() == GIANT ? STEPS_ON_GIANTS : STEPS;
  }
}
