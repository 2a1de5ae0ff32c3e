// libFuzzer entry for a store's file: fuzz/run store
#include <fstream>

#include "memory_file.h"
#include "mobiedit/store/store.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobiedit;
  // SQLite wants a name that a journal can stand beside.
  static const std::string path = "/dev/shm/mobiedit-fuzz-" + std::to_string(::getpid()) + ".db";
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  {
    const auto store = Store::open(path, Store::Access::read);
    fuzz::must_explain(store);
    if (store) {
      fuzz::must_explain(store->check());
      const auto list = store->list();
      fuzz::must_explain(list);
      if (list)
        for (const EditInfo& edit : *list) {
          fuzz::must_explain(store->get(edit.id));
          fuzz::must_explain(store->in_force(edit.base.fingerprint));
        }
    }
  }
  for (const char* suffix : {"", "-journal", ".lock"}) ::unlink((path + suffix).c_str());
  return 0;
}
