package io.clonedevice.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class FilterBlockStoreContractTest extends WrapperContract {
  @Override
  protected BlockStore wrap(BlockStore delegate) {
    return new FilterBlockStore(delegate);
  }

  @Test
  void delegatesEveryMethod() {
    List<String> inherited =
        Arrays.stream(FilterBlockStore.class.getMethods())
            .filter(method -> method.getDeclaringClass() == BlockStore.class)
            .map(Method::getName)
            .toList();
    assertThat(inherited).isEmpty();
  }
}
