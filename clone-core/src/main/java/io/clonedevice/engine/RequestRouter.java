package io.clonedevice.engine;

import io.clonedevice.engine.Claim.Purpose;
import io.clonedevice.engine.ClaimTable.Attempt;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.RegionMap;
import io.clonedevice.store.BlockStore;
import java.nio.ByteBuffer;

/**
 * Splits a request into maximal runs of regions in equal state and sends each to where it belongs.
 *
 * <pre>
 *   write    |-----------------------------------------------|
 *   regions  |  hydrated  |hydrated |   free    |claimed| free |
 *   parts    | destination          | overwrite | wait  | demand copy, merged with the tail of the write
 * </pre>
 *
 * <p>Bits of the region map are only ever set. So a region that was seen hydrated stays so; one
 * that was seen unhydrated may be hydrated by now. A read may go to the source all the same, as
 * what it misses had not ended when it began, unless {@link SourceReads} are over; a write looks
 * again under the lock of the claims.
 */
final class RequestRouter {
  /** How a kind of request is started. */
  @FunctionalInterface
  interface Route {
    Route READ = RequestRouter::read;
    Route WRITE = RequestRouter::write;
    Route DISCARD = RequestRouter::discard;

    /** The route of a request that reaches no store by itself. */
    Route NOWHERE = (router, request) -> {};

    void start(RequestRouter router, Request request);
  }

  private final CloneEngine engine;
  private final RegionGeometry geometry;
  private final RegionMap map;
  private final ClaimTable claims;
  private final SourceReads sourceReads;
  private final StoreAccess source;
  private final StoreAccess destination;

  RequestRouter(CloneEngine engine, StoreAccess source, StoreAccess destination) {
    this.engine = engine;
    this.geometry = engine.geometry();
    this.map = engine.regionMap();
    this.claims = engine.claims();
    this.sourceReads = engine.sourceReads();
    this.source = source;
    this.destination = destination;
  }

  /** The whole regions that a discard covers, and where it goes: nowhere if there are none. */
  record WholeRegions(Route route, long offset, long length) {}

  WholeRegions wholeRegions(long offset, long length) {
    long first = geometry.firstRegionFrom(offset);
    long end = geometry.regionsEndingBy(offset + length);
    if (first >= end) {
      return new WholeRegions(Route.NOWHERE, offset, 0);
    }
    long from = geometry.offsetOf(first);
    return new WholeRegions(Route.DISCARD, from, geometry.endOf(end - 1) - from);
  }

  /** Whether every byte of a range is on the destination. */
  boolean isHydrated(long offset, long length) {
    long region = geometry.regionAt(offset);
    long last = geometry.regionAt(offset + length - 1);
    return map.isHydrated(region) && (region == last || map.endOfRun(region, last + 1) == last + 1);
  }

  /** How many bytes from an offset on are in equal state, negative if they are unhydrated. */
  long signedRunAt(long offset, long length) {
    long end = offset + length;
    long region = geometry.regionAt(offset);
    long run = map.signedRun(region, geometry.regionAt(end - 1) + 1);
    long bytes = Math.min(end, geometry.endOf(region + Math.abs(run) - 1)) - offset;
    return run < 0 ? -bytes : bytes;
  }

  /**
   * Where all of a range is, and {@link #endRead} must follow; {@code null} if its regions are in
   * different states.
   */
  BlockStore beginRead(long offset, long length) {
    long region = geometry.regionAt(offset);
    long regionCount = geometry.regionAt(offset + length - 1) + 1 - region;
    long run = map.signedRun(region, region + regionCount);
    if (Math.abs(run) < regionCount) {
      return null;
    }
    if (run > 0) {
      return destination.store();
    }
    engine.signals().unhydratedRead(region, regionCount);
    return sourceReads.tryBegin() ? source.store() : destination.store();
  }

  void endRead(BlockStore whole) {
    if (whole == source.store()) {
      sourceReads.end();
    }
  }

  /** Each run to where its data is; nothing is claimed, nothing waits. */
  void read(Request request) {
    long end = request.end();
    long position = request.offset();
    while (position < end) {
      long run = signedRunAt(position, end - position);
      long to = position + Math.abs(run);
      ByteBuffer target = request.lastSlice(position, to);
      request.addPart();
      if (run > 0 || !sourceReads.tryBegin()) {
        destination.read(position, target, request.continuations(), request);
      } else {
        source.read(position, target, request.continuations(), sourceReads.endBefore(request));
        long region = geometry.regionAt(position);
        engine.signals().unhydratedRead(region, geometry.regionAt(to - 1) + 1 - region);
      }
      position = to;
    }
  }

  void write(Request request) {
    write(request, request.offset(), request.end());
  }

  private void write(Request request, long from, long end) {
    long position = from;
    while (position < end) {
      long region = geometry.regionAt(position);
      if (map.isHydrated(region)) {
        long runEnd = map.endOfRun(region, geometry.regionAt(end - 1) + 1);
        long to = Math.min(end, geometry.endOf(runEnd - 1));
        ByteBuffer data = request.lastSlice(position, to);
        request.addPart();
        destination.write(position, data, request.continuations(), request);
        position = to;
      } else {
        position = writeUnhydrated(request, position, end);
      }
    }
  }

  /** Returns how far the write has got. */
  private long writeUnhydrated(Request request, long position, long end) {
    long region = geometry.regionAt(position);
    boolean startsRegion = position == geometry.offsetOf(region);
    long wholeEnd = startsRegion ? geometry.regionsEndingBy(end) : region;
    boolean whole = wholeEnd > region;
    long endRegion = whole ? wholeEnd : region + 1;
    if (engine.metadata().mode() != MetadataMode.READ_WRITE) {
      request.addPart();
      request.completed(engine.modeException("write to unhydrated region " + region));
      return end;
    }
    // Before the claim, as it may throw: a claim must never be left behind.
    ByteBuffer rest = request.slice(position, end);
    Attempt attempt =
        claims.attempt(
            region,
            endRegion,
            whole ? Purpose.OVERWRITE : Purpose.DEMAND_COPY,
            heldEnd -> {
              long to = Math.min(end, geometry.endOf(heldEnd - 1));
              return new Waiter(request) {
                @Override
                void route() {
                  write(request, position, to);
                }
              };
            });
    if (attempt instanceof Attempt.Queued queued) {
      return Math.min(end, geometry.endOf(queued.endRegion() - 1));
    }
    if (attempt instanceof Attempt.Taken taken) {
      Claim claim = taken.claim();
      long to = Math.min(end, geometry.endOf(claim.endRegion() - 1));
      ByteBuffer data = rest.limit((int) (to - position));
      request.addPart();
      if (whole) {
        destination.write(
            position,
            data,
            request.continuations(),
            failure -> request.completed(engine.copies().settle(claim, failure)));
      } else {
        engine.copies().copyWithOverlay(claim, request, position, data);
      }
      return to;
    }
    return position;
  }

  /** The request's range is whole regions. */
  void discard(Request request) {
    discard(request, geometry.regionAt(request.offset()), geometry.regionsEndingBy(request.end()));
  }

  private void discard(Request request, long firstRegion, long endRegion) {
    long region = firstRegion;
    while (region < endRegion) {
      if (map.isHydrated(region)) {
        long runEnd = map.endOfRun(region, endRegion);
        engine.discards().discardHydrated(request, region, runEnd);
        region = runEnd;
      } else if (engine.metadata().mode() != MetadataMode.READ_WRITE) {
        long runEnd = map.endOfRun(region, endRegion);
        engine.discards().discardUnrecorded(request, region);
        region = runEnd;
      } else {
        region = discardUnhydrated(request, region, endRegion);
      }
    }
  }

  /** Returns how far the discard has got. */
  private long discardUnhydrated(Request request, long region, long endRegion) {
    Attempt attempt =
        claims.attempt(
            region,
            endRegion,
            Purpose.DISCARD,
            heldEnd ->
                new Waiter(request) {
                  @Override
                  void route() {
                    discard(request, region, heldEnd);
                  }
                });
    if (attempt instanceof Attempt.Queued queued) {
      return queued.endRegion();
    }
    if (attempt instanceof Attempt.Taken taken) {
      engine.discards().discardClaimed(request, taken.claim());
      return taken.claim().endRegion();
    }
    return region;
  }
}
