// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/controller.h"
#include "controller/kube/store.h"
#include "controller/node_plan.h"

namespace smic::bench {

// What the informers fill, without an API behind it.
class StoreSource final : public source::Source {
 public:
  explicit StoreSource(kube::Store& store) : store_(store) {}

  Result<Sources> read() override { return fail("this source has objects"); }
  bool has_objects() const override { return true; }
  Result<std::vector<incremental::Change>> read_changes() override {
    std::vector<incremental::Change> changes;
    for (kube::Store::Change& change : store_.read_changes()) {
      changes.push_back({{std::move(change.kind), std::move(change.ns), std::move(change.name)},
                         std::move(change.text)});
    }
    return changes;
  }
  bool has_news() override { return store_.has_news(); }
  bool wait() override { return store_.wait(); }
  void stop() override { store_.close(); }

 private:
  kube::Store& store_;
};

}  // namespace smic::bench
