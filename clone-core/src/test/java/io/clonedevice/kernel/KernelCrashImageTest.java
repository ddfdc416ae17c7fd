package io.clonedevice.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.dm.DmCloneTarget;
import io.clonedevice.dm.TableLine;
import io.clonedevice.store.MemoryBlockStore;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The power is cut at each write and flush of the library's metadata. What is left must satisfy the
 * independent checker and the real dm-clone, and must show exactly the last or the next committed
 * state. A metadata device that is still empty counts as a state, too.
 */
@Tag("kernel")
class KernelCrashImageTest {
  private static final int SECTOR = 512;
  private static final int BLOCK = 4096;
  private static final int STEPS = 300;
  private static final int LOADED_BY_KERNEL = 32;

  // Little room for metadata, so that blocks are used again soon; "many" has several array blocks.
  private static final List<CarriedClone.Shape> SHAPES =
      List.of(
          shape("small", 1001L * 4096 - 3 * SECTOR, 4 << 10, 12, true),
          shape("middle", 90L * (64 << 10) + 7 * SECTOR, 64 << 10, 16, false),
          shape("many", 70_001L * 4096 - SECTOR, 4 << 10, 24, true));

  private static int histories;
  private static int instants;
  private static int cuts;
  private static int committedStates;
  private static int checked;
  private static int loadedByKernel;

  @TempDir private Path folder;
  private KernelTool tool;
  private Random random;

  private static CarriedClone.Shape shape(
      String name, long deviceSize, int regionSize, int metadataBlocks, boolean passdown) {
    return new CarriedClone.Shape(
        name, deviceSize, regionSize, (long) metadataBlocks * BLOCK, passdown, (byte) 0);
  }

  @BeforeEach
  void setUp() throws Exception {
    tool = KernelTool.orSkip(Files.createDirectory(folder.resolve("tool")));
    random = Seed.random();
  }

  @AfterAll
  static void tell() {
    System.out.printf(
        "kernel crash images: %d histories, %d writes and flushes of metadata, %d cuts, %d"
            + " committed states; %d different images checked, %d loaded by the kernel%n",
        histories, instants, cuts, committedStates, checked, loadedByKernel);
  }

  @Test
  void everyCutLeavesTheLastOrTheNextCommittedState() throws Exception {
    for (int round = 0; round < KernelTool.rounds(1); round++) {
      for (CarriedClone.Shape shape : SHAPES) {
        expectCommittedStates(history(shape));
      }
    }
  }

  @Test
  void kernelGoesOnFromWhatACutLeaves() throws Exception {
    for (int round = 0; round < KernelTool.rounds(1); round++) {
      List<Loaded> sample = new ArrayList<>();
      for (CarriedClone.Shape shape : SHAPES) {
        CrashHistory history = history(shape);
        List<MetadataCuts.Cut> shuffled = new ArrayList<>(history.cuts());
        Collections.shuffle(shuffled, random);
        for (MetadataCuts.Cut cut : shuffled.subList(0, LOADED_BY_KERNEL / SHAPES.size() + 1)) {
          sample.add(new Loaded(shape, cut.image()));
        }
      }
      expectKernelGoesOn(sample);
    }
  }

  private CrashHistory history(CarriedClone.Shape shape) throws Exception {
    CrashHistory history = CrashHistory.run(shape, STEPS, random);
    histories++;
    instants += history.instants();
    cuts += history.cuts().size();
    return history;
  }

  // ---- the checker

  private void expectCommittedStates(CrashHistory history) throws Exception {
    Map<ByteBuffer, BitSet> regions = checkAll(history);
    List<BitSet> states = new ArrayList<>();
    for (byte[] settled : history.settled()) {
      states.add(regions.get(ByteBuffer.wrap(settled)));
    }
    committedStates += (int) states.stream().distinct().count();
    history
        .exactly()
        .forEach(
            (index, wanted) ->
                assertThat(states.get(index))
                    .as("%s, flushed and settled in state %d", history.shape(), index)
                    .isEqualTo(wanted));
    history
        .atLeast()
        .forEach(
            (index, wanted) -> {
              BitSet missing = (BitSet) wanted.clone();
              missing.andNot(states.get(index));
              assertThat(missing.stream()).as("written durably by state %d", index).isEmpty();
            });
    for (MetadataCuts.Cut cut : history.cuts()) {
      BitSet last = states.get(cut.settledBefore());
      boolean moreFollow = cut.settledBefore() + 1 < states.size();
      BitSet next = moreFollow ? states.get(cut.settledBefore() + 1) : last;
      assertThat(regions.get(ByteBuffer.wrap(cut.image())))
          .as("%s, cut after state %d", history.shape(), cut.settledBefore())
          .isIn(last, next);
    }
  }

  /** Hydrated regions by image; none for those that are unformatted. */
  private Map<ByteBuffer, BitSet> checkAll(CrashHistory history) throws Exception {
    Map<ByteBuffer, byte[]> different = new HashMap<>();
    history.settled().forEach(image -> different.put(ByteBuffer.wrap(image), image));
    history.cuts().forEach(cut -> different.put(ByteBuffer.wrap(cut.image()), cut.image()));
    List<byte[]> images =
        different.values().stream().filter(image -> !CrashHistory.isUnformatted(image)).toList();
    Map<ByteBuffer, BitSet> regions = new HashMap<>();
    List<CheckedImage> results = check(images);
    for (int i = 0; i < images.size(); i++) {
      BitSet hydrated = results.get(i).hydrated();
      assertThat(CrashHistory.hydratedIn(images.get(i)))
          .as("regions that the library sees, and those that the checker sees")
          .isEqualTo(hydrated);
      regions.put(ByteBuffer.wrap(images.get(i)), hydrated);
    }
    return regions;
  }

  private List<CheckedImage> check(List<byte[]> images) throws Exception {
    List<Path> files = new ArrayList<>();
    for (byte[] image : images) {
      files.add(Files.write(folder.resolve("image-" + files.size()), image));
    }
    List<CheckedImage> results = tool.check(files);
    checked += results.size();
    for (CheckedImage result : results) {
      assertThat(result.faults()).as("the checker").isEmpty();
    }
    return results;
  }

  // ---- the kernel

  /** An image for the kernel, and what must be so before and after it wrote to the device. */
  private static final class Loaded {
    private final CarriedClone.Shape shape;
    private final byte[] image;
    private final RegionModel model;
    private final String statusLine;
    private long diskOffset;

    Loaded(CarriedClone.Shape shape, byte[] image) throws IOException {
      this.shape = shape;
      this.image = image;
      this.model = new RegionModel(shape.deviceSize(), shape.regionSize());
      if (!CrashHistory.isUnformatted(image)) {
        model.become(CrashHistory.hydratedIn(image));
      }
      this.statusLine = libraryStatus(shape, image);
    }
  }

  private static String libraryStatus(CarriedClone.Shape shape, byte[] image) throws IOException {
    try (DmCloneTarget target =
        DmCloneTarget.create(
            TableLine.parse(shape.table("metadata", "destination", "source")),
            (name, readOnly) ->
                name.equals("metadata")
                    ? MemoryBlockStore.copyOf(image)
                    : new MemoryBlockStore(shape.deviceSize()),
            CloneDevice.builder())) {
      return target.status().toString();
    }
  }

  private void expectKernelGoesOn(List<Loaded> sample) throws Exception {
    Path disk = folder.resolve("cuts.img");
    Path pool = Files.write(folder.resolve("pool"), new byte[Step.POOL_SIZE]);
    long largest = SHAPES.stream().mapToLong(CarriedClone.Shape::deviceSize).max().orElseThrow();
    List<Path> images = new ArrayList<>(List.of(disk));
    for (String name : List.of("destination.img", "source.img")) {
      Path file = folder.resolve(name);
      new SparseBytes(largest).save(file, 0, largest);
      images.add(file);
    }
    GuestPlan plan = new GuestPlan();
    plan.data(pool);
    List<String> wanted = new ArrayList<>();
    long end = 0;
    for (int i = 0; i < sample.size(); i++) {
      Loaded loaded = sample.get(i);
      loaded.diskOffset = end;
      end += loaded.image.length;
      planLoading(plan, loaded, i);
      wanted.add("status loaded-" + i + " " + loaded.statusLine);
    }
    try (FileChannel channel =
        FileChannel.open(disk, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (Loaded loaded : sample) {
        channel.write(ByteBuffer.wrap(loaded.image), loaded.diskOffset);
      }
    }
    List<String> output = tool.run(plan, images);
    loadedByKernel += sample.size();
    assertThat(output.stream().filter(line -> line.startsWith("status loaded-")))
        .as("status in the kernel, and in the library")
        .containsExactlyElementsOf(wanted);
    List<byte[]> left = new ArrayList<>();
    byte[] all = Files.readAllBytes(disk);
    for (Loaded loaded : sample) {
      int from = (int) loaded.diskOffset;
      left.add(java.util.Arrays.copyOfRange(all, from, from + loaded.image.length));
    }
    List<CheckedImage> results = check(left);
    for (int i = 0; i < sample.size(); i++) {
      assertThat(results.get(i).hydrated())
          .as("image %d after the kernel wrote to the device", i)
          .isEqualTo(sample.get(i).model.hydrated());
    }
  }

  private void planLoading(GuestPlan plan, Loaded loaded, int index) {
    long sectors = loaded.image.length / SECTOR;
    String metadata = "metadata-" + index;
    plan.create(
        metadata,
        "0 %d linear %s %d".formatted(sectors, KernelTool.disk(0), loaded.diskOffset / SECTOR));
    String device = "clone-" + index;
    plan.create(
        device,
        loaded.shape.table("/dev/mapper/" + metadata, KernelTool.disk(1), KernelTool.disk(2)));
    plan.status(device, "loaded-" + index);
    Step write = Step.randomWrite(random, loaded.shape.deviceSize(), loaded.shape.regionSize());
    plan.step(device, write);
    loaded.model.apply(write, false);
    plan.flush(device);
    plan.remove(device);
    plan.remove(metadata);
  }
}
