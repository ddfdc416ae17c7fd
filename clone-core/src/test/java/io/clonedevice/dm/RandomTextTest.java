package io.clonedevice.dm;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.dm.StatusLine.Counters;
import io.clonedevice.metadata.MetadataMode;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class RandomTextTest {
  private static final int ROUNDS = 20_000;

  /** Characters that mean something to a parser, and some that mean nothing to any. */
  private static final String ALPHABET = "0123456789 \t\n/\\:-+.`'xclone_Fhydration\0é٣\uD83D";

  private final Random random = Seed.random();

  @BeforeAll
  static void printSeed() {
    System.out.println(RandomTextTest.class.getSimpleName() + " " + Seed.hint());
  }

  @Test
  @Tag("A54")
  void everyTableLineThatIsBuiltIsReadBackTheSame() {
    for (int i = 0; i < ROUNDS; i++) {
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
    for (int i = 0; i < ROUNDS; i++) {
      StatusLine line = statusLine();
      assertThat(StatusLine.parse(line.toString())).as(Seed.hint()).isEqualTo(line);
    }
  }

  @Test
  void everyMessageIsReadBackTheSame() {
    for (int i = 0; i < ROUNDS; i++) {
      Message message = message();
      assertThat(Message.parse(message.toString())).as(Seed.hint()).isEqualTo(message);
    }
  }

  @Test
  void aDamagedTableLineIsReadOrRefusedWithAMessage() {
    fuzz(() -> tableLine().toString(), TableLine::parse);
  }

  @Test
  void aDamagedStatusLineIsReadOrRefusedWithAMessage() {
    fuzz(() -> statusLine().toString(), StatusLine::parse);
  }

  @Test
  void aDamagedMessageIsReadOrRefusedWithAMessage() {
    fuzz(() -> message().toString(), Message::parse);
  }

  /** What is read must print as something that reads the same; what is refused must say why. */
  private void fuzz(java.util.function.Supplier<String> valid, Function<String, ?> parse) {
    int read = 0;
    int refused = 0;
    for (int i = 0; i < ROUNDS; i++) {
      String text = damage(valid.get());
      Object parsed;
      try {
        parsed = parse.apply(text);
      } catch (IllegalArgumentException e) {
        assertThat(e.getMessage()).as("%s: `%s'", Seed.hint(), text).isNotBlank();
        refused++;
        continue;
      } catch (RuntimeException e) {
        throw new AssertionError(Seed.hint() + ": `" + text + "'", e);
      }
      assertThat(parse.apply(parsed.toString()))
          .as("%s: `%s'", Seed.hint(), text)
          .isEqualTo(parsed);
      read++;
    }
    assertThat(read).as("texts read, %s", Seed.hint()).isPositive();
    assertThat(refused).as("texts refused, %s", Seed.hint()).isPositive();
  }

  private String damage(String valid) {
    StringBuilder text = new StringBuilder(valid);
    for (int n = 1 + random.nextInt(3); n > 0 && !text.isEmpty(); n--) {
      int at = random.nextInt(text.length());
      int end = Math.min(text.length(), at + 1 + random.nextInt(6));
      switch (random.nextInt(5)) {
        case 0 -> text.setCharAt(at, character());
        case 1 -> text.insert(at, character());
        case 2 -> text.delete(at, end);
        case 3 -> text.insert(at, text.substring(at, end));
        default -> text.setLength(at);
      }
    }
    return text.toString();
  }

  private char character() {
    return ALPHABET.charAt(random.nextInt(ALPHABET.length()));
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
      name.append(character());
    }
    return name.toString();
  }
}
