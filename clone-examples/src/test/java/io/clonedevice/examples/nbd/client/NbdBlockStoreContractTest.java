package io.clonedevice.examples.nbd.client;

import io.clonedevice.store.BlockStore;
import io.clonedevice.testing.BlockStoreContract;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;

/** What every block store promises, over exports of nbdkit. */
class NbdBlockStoreContractTest extends BlockStoreContract {
  private final Map<Object, NbdServerProcess> servers = new HashMap<>();
  private final List<BlockStore> stores = new ArrayList<>();

  @Override
  protected BlockStore create(long size) throws Exception {
    NbdServerProcess server = NbdServerProcess.nbdkit(directory, "memory", size);
    BlockStore store = NbdBlockStore.open(server.uri(), NbdOptions.defaults());
    servers.put(store.identity(), server);
    stores.add(store);
    return store;
  }

  @Override
  protected BlockStore openReadOnly(BlockStore store) throws Exception {
    NbdUri uri = servers.get(store.identity()).uri();
    BlockStore readOnly = NbdBlockStore.openReadOnly(uri, NbdOptions.defaults());
    stores.add(readOnly);
    return readOnly;
  }

  /** Before their servers, so that none is waited for. */
  @AfterEach
  void closeStoresAndServers() throws Exception {
    for (BlockStore store : stores) {
      store.close();
    }
    for (NbdServerProcess server : servers.values()) {
      server.close();
    }
  }
}
