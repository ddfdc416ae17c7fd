package io.clonedevice.metadata.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.metadata.persistent.MetadataFault;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged images of the kernel's, with the faults that an independent checker found in them. */
class CorruptImageCheckTest {
  /** What the independent checker says, and the field that this library names for it. */
  private static final String[][] SAME = {
    {"block (?<block>\\d+): its block number field says", "blocknr"},
    {"superblock: its block number field says", "blocknr"},
    {"superblock: magic", "magic"},
    {"superblock: version", "version"},
    {"superblock: checksum", "checksum"},
    {"block (?<block>\\d+): checksum", "checksum"},
    {"node (?<block>\\d+): flags", "flags"},
    {"node (?<block>\\d+): max_entries", "max_entries"},
    {"node (?<block>\\d+): \\d+ entries, more than", "nr_entries"},
    {"node (?<block>\\d+): keys", "key \\d+"},
    {"bitset: (?<found>\\d+) array blocks, expected", "array blocks in the bitset"},
    {"bitset: array block index \\d+ where \\d+ is expected", "array blocks in the bitset"},
    {"array block (?<block>\\d+): max_entries", "max_entries|value_size"},
    {"array block (?<block>\\d+) \\(index \\d+\\): \\d+ entries", "nr_entries"},
    {"bits beyond the last region", "bits past the last region"},
    {"index entry (?<bitmap>\\d+): nr_free", "nr_free of bitmap .*"},
    {"nr_allocated", "nr_allocated"},
    {"nr_blocks \\d+, but the image holds", "nr_blocks"},
    {"block (?<found>\\d+) lies outside the image", ".*root"},
    {"block (?<found>\\d+) is used both as", ".*"},
    {"space map: block (?<counted>\\d+) ", "count of block.*"},
  };

  /** Says no more than the faults before it. */
  private static final Pattern SUMMARY = Pattern.compile("superblock is not usable");

  static Stream<String> corrupt() throws IOException, URISyntaxException {
    Path folder = Path.of(CorruptImageCheckTest.class.getResource("/golden/corrupt").toURI());
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".json"))
          .map(name -> name.substring(0, name.length() - ".json".length()))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("corrupt")
  void everyFaultOfTheIndependentCheckerIsReported(String name) throws IOException {
    List<MetadataFault> faults = MetadataCheck.of(ImageDevice.golden("corrupt/" + name)).faults();

    Set<Long> unreadable = new HashSet<>();
    for (String fault : independentFaults(name)) {
      String[] same = sameAs(fault);
      Matcher matcher = Pattern.compile(same[0]).matcher(fault);
      assertThat(matcher.find()).isTrue();
      long block = group(matcher, "block", fault.startsWith("FAULT superblock") ? 0 : -1);
      boolean contentOfBadBlock =
          unreadable.contains(block) && !same[1].matches("blocknr|checksum");
      if (same[1].matches("blocknr|checksum")) {
        unreadable.add(block);
      }
      if (contentOfBadBlock || followsABadIndex(name, fault)) {
        continue; // this library does not interpret a block with a wrong checksum or number
      }
      assertThat(faults)
          .as(fault)
          .anyMatch(
              found ->
                  found.field().matches(same[1])
                      && (block < 0 || found.block() == block)
                      && isAbout(found, matcher));
    }
  }

  private static boolean isAbout(MetadataFault fault, Matcher matcher) {
    long found = group(matcher, "found", -1);
    long counted = group(matcher, "counted", -1);
    if (counted >= 0) {
      Matcher run =
          Pattern.compile("count of blocks? (\\d+)(?: to (\\d+))?").matcher(fault.field());
      return run.lookingAt()
          && Long.parseLong(run.group(1)) <= counted
          && counted <= Long.parseLong(run.group(run.group(2) == null ? 1 : 2));
    }
    return found < 0 || fault.found().equals(Long.toString(found));
  }

  /** The other checker goes on with what stands in a damaged index or bitmap; it means nothing. */
  private static boolean followsABadIndex(String name, String fault) {
    return (name.matches("index-(flip|zeroed)") && !fault.contains("index block"))
        || (name.equals("bitmap-flip") && fault.contains("overflow count"))
        || (name.equals("super-bitset-root-type") && fault.contains("flags"));
  }

  private static long group(Matcher matcher, String name, long otherwise) {
    return matcher.pattern().pattern().contains("<" + name + ">")
        ? Long.parseLong(matcher.group(name))
        : otherwise;
  }

  private static String[] sameAs(String fault) {
    for (String[] same : SAME) {
      if (Pattern.compile(same[0]).matcher(fault).find()) {
        return same;
      }
    }
    throw new AssertionError("no translation of: " + fault);
  }

  private static List<String> independentFaults(String name) throws IOException {
    String resource = "/golden/corrupt/" + name + ".json";
    String json;
    try (InputStream in = CorruptImageCheckTest.class.getResourceAsStream(resource)) {
      json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    int from = json.indexOf("\"check_faults\": [");
    String list = json.substring(from, json.indexOf("\"]", from) + 1);
    List<String> faults = new ArrayList<>();
    Matcher matcher = Pattern.compile("\"(FAULT [^\"]+)\"").matcher(list);
    while (matcher.find()) {
      if (!SUMMARY.matcher(matcher.group(1)).find()) {
        faults.add(matcher.group(1));
      }
    }
    assertThat(faults).isNotEmpty();
    return faults;
  }

  @ParameterizedTest
  @ValueSource(strings = {"churn-3", "big", "three-bitmaps", "tiny-meta-2", "full", "crash-2"})
  void soundKernelImagesHaveNoFault(String name) throws IOException {
    assertThat(MetadataCheck.of(ImageDevice.golden(name)).faults()).isEmpty();
  }

  @Test
  void blocksBelowADamagedNodeAreOneFaultEachRun() throws IOException {
    ImageDevice device = ImageDevice.golden("big");
    long leaf = 569;
    byte[] bytes = device.block(leaf);
    bytes[3000] ^= 1;
    device.put(leaf, bytes);

    MetadataCheck check = MetadataCheck.of(device);

    assertThat(check.faults().get(0).block()).isEqualTo(leaf);
    assertThat(check.faults().get(0).field()).isEqualTo("checksum");
    assertThat(check.faultCount()).isLessThan(100);
  }
}
