package io.clonedevice.metadata;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A metadata image written by the kernel, and the side file that tells what is in it. */
record GoldenImage(String name, String json) {
  private static final String SUFFIX = ".json";

  static Stream<GoldenImage> in(String folder) throws IOException, URISyntaxException {
    URI uri = GoldenImage.class.getResource("/golden/" + folder).toURI();
    try (Stream<Path> files = Files.list(Path.of(uri))) {
      List<String> names =
          files
              .map(file -> file.getFileName().toString())
              .filter(file -> file.endsWith(SUFFIX))
              .map(file -> folder + file.substring(0, file.length() - SUFFIX.length()))
              .sorted()
              .toList();
      List<GoldenImage> images = new ArrayList<>();
      for (String name : names) {
        images.add(named(name));
      }
      return images.stream();
    }
  }

  static GoldenImage named(String name) throws IOException {
    try (InputStream in = GoldenImage.class.getResourceAsStream("/golden/" + name + SUFFIX)) {
      return new GoldenImage(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  MemoryMetadataDevice device() throws IOException {
    return MemoryMetadataDevice.fromResource(name + ".img.gz");
  }

  RegionGeometry geometry() {
    return new RegionGeometry(
        number("device_sectors") * RegionGeometry.SECTOR_SIZE,
        number("region_sectors") * RegionGeometry.SECTOR_SIZE);
  }

  long number(String field) {
    Matcher matcher = Pattern.compile("\"" + field + "\": (\\d+)").matcher(json);
    if (!matcher.find()) {
      throw new AssertionError(name + " has no " + field);
    }
    return Long.parseLong(matcher.group(1));
  }

  /** Returns the hydrated ranges as {@code [first, count]} pairs in text form. */
  List<List<Long>> hydratedRanges() {
    String start = "\"hydrated_ranges\": [";
    int from = json.indexOf(start) + start.length();
    int to = json.indexOf("]],", from);
    List<List<Long>> ranges = new ArrayList<>();
    if (json.charAt(from) != ']') {
      Matcher matcher =
          Pattern.compile("\\[(\\d+), (\\d+)\\]").matcher(json.substring(from, to + 1));
      while (matcher.find()) {
        ranges.add(List.of(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2))));
      }
    }
    return ranges;
  }

  @Override
  public String toString() {
    return name;
  }
}
