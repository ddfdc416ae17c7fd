package io.clonedevice;

import io.clonedevice.metadata.MetadataMode;

/**
 * The state of a clone device at one moment.
 *
 * @param deviceSize bytes
 * @param regionSize bytes
 * @param regionCount regions of the device
 * @param hydratedRegions regions whose valid data is on the destination, committed or not
 * @param hydratingRegions regions being copied now or next, in the background and for writes
 * @param hydrationEnabled whether background hydration is on
 * @param hydrationThreshold regions copied at once, at most
 * @param hydrationBatchSize adjacent regions joined into one copy, at most
 * @param hydrationCompleted whether every region is hydrated, committed and durable
 * @param discardPassdown whether discards go on to the destination
 * @param mode metadata mode
 * @param suspended whether requests wait for {@link CloneDevice#resume()}
 * @param metadataUsedBlocks metadata blocks of 4096 bytes in use
 * @param metadataTotalBlocks metadata blocks of 4096 bytes managed
 * @param metadataUpdatesFailed how often regions were complete but could not be marked, since
 *     opening
 * @param discardsIgnored how often a discard of unhydrated regions was ignored in mode {@code ro},
 *     since opening
 */
public record CloneStatus(
    long deviceSize,
    int regionSize,
    long regionCount,
    long hydratedRegions,
    long hydratingRegions,
    boolean hydrationEnabled,
    long hydrationThreshold,
    long hydrationBatchSize,
    boolean hydrationCompleted,
    boolean discardPassdown,
    MetadataMode mode,
    boolean suspended,
    long metadataUsedBlocks,
    long metadataTotalBlocks,
    long metadataUpdatesFailed,
    long discardsIgnored) {}
