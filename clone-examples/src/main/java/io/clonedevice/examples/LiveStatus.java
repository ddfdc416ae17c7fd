package io.clonedevice.examples;

import io.clonedevice.CloneStatus;
import io.clonedevice.dm.StatusLine;
import io.clonedevice.examples.nbd.server.NbdServerStatus;
import io.clonedevice.metadata.RegionGeometry;
import java.util.LinkedHashMap;
import java.util.Map;

/** The state of a clone that is being served, as names and values. */
final class LiveStatus {
  private LiveStatus() {}

  static Map<String, String> of(CloneStatus clone, NbdServerStatus server) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("status", StatusLine.of(0, clone).toString());
    put(values, "region_size_sectors", clone.regionSize() / RegionGeometry.SECTOR_SIZE);
    put(values, "device_sectors", clone.deviceSize() / RegionGeometry.SECTOR_SIZE);
    put(values, "regions", clone.regionCount());
    put(values, "hydrated", clone.hydratedRegions());
    put(values, "hydrating", clone.hydratingRegions());
    put(values, "complete", clone.hydrationCompleted());
    put(values, "hydration_enabled", clone.hydrationEnabled());
    put(values, "hydration_threshold", clone.hydrationThreshold());
    put(values, "hydration_batch_size", clone.hydrationBatchSize());
    put(values, "discard_passdown", clone.discardPassdown());
    values.put("mode", clone.mode().statusWord());
    put(values, "suspended", clone.suspended());
    put(values, "used_blocks", clone.metadataUsedBlocks());
    put(values, "total_blocks", clone.metadataTotalBlocks());
    put(values, "metadata_updates_failed", clone.metadataUpdatesFailed());
    put(values, "discards_ignored", clone.discardsIgnored());
    put(values, "connections", server.connections());
    put(values, "connections_total", server.connectionsTotal());
    put(values, "requests", server.requests());
    put(values, "errors", server.errors());
    put(values, "bytes_read", server.bytesRead());
    put(values, "bytes_written", server.bytesWritten());
    return values;
  }

  private static void put(Map<String, String> values, String name, Object value) {
    values.put(name, value.toString());
  }
}
