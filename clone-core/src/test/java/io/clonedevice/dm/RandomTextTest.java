package io.clonedevice.dm;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.clonedevice.Effort;
import io.clonedevice.dm.StatusLine.Counters;
import io.clonedevice.metadata.MetadataMode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class RandomTextTest {
  private static final long ROUNDS = Effort.cases("clone.fuzz.cases", 20_000);

  // Of the first call, with the classes that it loads; see also the length of the text.
  private static final long ALLOCATED_MAX = 1 << 20;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Random random = Seed.random();

  @BeforeAll
  static void printSeed() {
    System.out.println(RandomTextTest.class.getSimpleName() + " " + Seed.hint());
  }

  @Test
  @Tag("A54")
  void everyTableLineThatIsBuiltIsReadBackTheSame() {
    for (long i = 0; i < ROUNDS; i++) {
      TableLine line = tableLine();
      TableLine read = TableLine.parse(line.toString());
      assertThat(read).as(Seed.hint()).isEqualTo(line).hasToString(line.toString());
      assertThat(read.hydrationThreshold()).isEqualTo(line.hydrationThreshold());
      assertThat(read.hydrationBatchSize()).isEqualTo(line.hydrationBatchSize());
      assertThat(read.noHydration()).isEqualTo(line.noHydration());
      assertThat(read.noDiscardPassdown()).isEqualTo(line.noDiscardPassdown());
    }
  }

  @Test
  @Tag("A49")
  void everyStatusLineIsReadBackTheSame() {
    for (long i = 0; i < ROUNDS; i++) {
      StatusLine line = statusLine();
      assertThat(StatusLine.parse(line.toString())).as(Seed.hint()).isEqualTo(line);
    }
  }

  @Test
  void everyMessageIsReadBackTheSame() {
    for (long i = 0; i < ROUNDS; i++) {
      Message message = message();
      assertThat(Message.parse(message.toString())).as(Seed.hint()).isEqualTo(message);
    }
  }

  @Test
  void aDamagedTableLineIsReadOrRefusedWithAMessage() throws IOException {
    fuzz("table", () -> tableLine().toString(), TableLine::parse);
  }

  @Test
  void aDamagedStatusLineIsReadOrRefusedWithAMessage() throws IOException {
    fuzz("status", () -> statusLine().toString(), StatusLine::parse);
  }

  @Test
  void aDamagedMessageIsReadOrRefusedWithAMessage() throws IOException {
    fuzz("message", () -> message().toString(), Message::parse);
  }

  /** First every text of the corpus as it is, then damaged ones of it and of the grammar. */
  private void fuzz(String form, Supplier<String> valid, Function<String, ?> parse)
      throws IOException {
    DamagedTexts texts = DamagedTexts.of(form, valid, random);
    int read = 0;
    for (String text : texts.corpus()) {
      read += judge(text, parse) ? 1 : 0;
    }
    for (long i = 0; i < ROUNDS; i++) {
      read += judge(texts.next(), parse) ? 1 : 0;
    }
    assertThat(read).as("texts read, %s", Seed.hint()).isBetween(1, (int) ROUNDS - 1);
  }

  /**
   * What is read must print as something that reads the same; what is refused must say why, and
   * name what is wrong. Either way little memory is used.
   */
  private static boolean judge(String text, Function<String, ?> parse) {
    String name = Seed.hint() + ": `" + DamagedTexts.visible(text) + "' ";
    long allocatedBefore = THREADS.getCurrentThreadAllocatedBytes();
    Object parsed;
    try {
      parsed = parse.apply(text);
    } catch (IllegalArgumentException e) {
      assertThat(DamagedTexts.isNamedBy(text, e.getMessage()))
          .as(() -> name + DamagedTexts.visible(e.getMessage()))
          .isTrue();
      return false;
    } catch (RuntimeException e) {
      throw new AssertionError(name, e);
    } finally {
      assertThat(THREADS.getCurrentThreadAllocatedBytes() - allocatedBefore)
          .as("bytes allocated for %s", name)
          .isLessThan(ALLOCATED_MAX + 100L * text.length());
    }
    assertThat(parse.apply(parsed.toString())).as(name).isEqualTo(parsed);
    return true;
  }

  private TableLine tableLine() {
    long regionSectors = regionSectors();
    TableLine.Builder builder =
        TableLine.builder(
                sectorCount(regionSectors), deviceName(), deviceName(), deviceName(), regionSectors)
            .startSector(random.nextInt(3));
    if (random.nextBoolean()) {
      builder.noHydration();
    }
    if (random.nextBoolean()) {
      builder.noDiscardPassdown();
    }
    if (random.nextBoolean()) {
      builder.hydrationThreshold(setting());
    }
    if (random.nextBoolean()) {
      builder.hydrationBatchSize(setting());
    }
    return builder.build();
  }

  private StatusLine statusLine() {
    long regionSectors = regionSectors();
    long sectorCount = sectorCount(regionSectors);
    int form = random.nextInt(10);
    if (form == 0) {
      return new StatusLine.Failed(0, sectorCount);
    }
    if (form == 1) {
      return new StatusLine.Unreadable(0, sectorCount);
    }
    long regions = (sectorCount + regionSectors - 1) / regionSectors;
    long totalBlocks = random.nextInt(5000);
    return new Counters(
        random.nextInt(2),
        sectorCount,
        upTo(totalBlocks),
        totalBlocks,
        regionSectors,
        upTo(regions),
        upTo(regions),
        random.nextBoolean(),
        random.nextBoolean(),
        setting(),
        setting(),
        random.nextBoolean() ? MetadataMode.READ_WRITE : MetadataMode.READ_ONLY);
  }

  private Message message() {
    return switch (random.nextInt(4)) {
      case 0 -> new Message.EnableHydration();
      case 1 -> new Message.DisableHydration();
      case 2 -> new Message.HydrationThreshold(setting());
      default -> new Message.HydrationBatchSize(setting());
    };
  }

  private long regionSectors() {
    return 8L << random.nextInt(19);
  }

  private long sectorCount(long regionSectors) {
    long regions = random.nextInt(4) == 0 ? 1L << 31 : 1 + random.nextInt(5000);
    return regions * regionSectors - random.nextInt((int) regionSectors);
  }

  private long setting() {
    return List.of(0L, 1L, (long) random.nextInt(100), 4294967295L).get(random.nextInt(4));
  }

  private long upTo(long max) {
    return random.nextInt(4) == 0 ? max : (long) (random.nextDouble() * max);
  }

  private String deviceName() {
    StringBuilder name = new StringBuilder();
    for (int n = 1 + random.nextInt(5); n > 0; n--) {
      name.append(DamagedTexts.character(random));
    }
    return name.toString();
  }
}
