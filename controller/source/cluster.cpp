// SPDX-License-Identifier: Apache-2.0
// A cluster as texts: an informer per kind fills the store, and each object is a source of its own,
// "Service/shop/web.json", so that diagnostics name the object, and so that nothing in an object
// can change how it is read (only the name's end decides that, and it is ours).
//
// Nothing is handed on before every kind was read once: half a cluster would be a mesh without its
// access rules. Tested by tests/system.
#include <list>
#include <random>

#include "controller/kube/kube.h"
#include "controller/source/source.h"

namespace smic::source {
namespace {

class Cluster final : public Source {
 public:
  explicit Cluster(kube::Config config)
      : client_(std::move(config), stop_), store_(kube::watched_kinds().size()) {
    std::random_device chance;
    for (const kube::WatchedKind& kind : kube::watched_kinds()) {
      informers_.emplace_back(kind, client_, stop_, store_, kube::Patience{}, chance());
    }
  }
  ~Cluster() override { stop(); }

  Result<Sources> read() override {
    if (!store_.wait_until_filled()) return fail("stopped before all kinds were read");
    Sources sources;
    store_.read([&](const auto& kind, const auto& ns, const auto& name, const auto& text) {
      sources.add(kind + '/' + (ns.empty() ? name : ns + '/' + name) + ".json", text);
    });
    return sources;
  }

  bool has_objects() const override { return true; }

  Result<std::vector<incremental::Change>> read_changes() override {
    if (!store_.wait_until_filled()) return fail("stopped before all kinds were read");
    std::vector<incremental::Change> changes;
    for (kube::Store::Change& change : store_.read_changes()) {
      changes.push_back({{std::move(change.kind), std::move(change.ns), std::move(change.name)},
                         std::move(change.text)});
    }
    return changes;
  }

  bool has_news() override { return store_.has_news(); }
  bool wait() override { return store_.wait(); }
  void poke() override { store_.poke(); }

  void stop() override {
    stop_.stop();
    store_.close();
  }

 private:
  kube::Stop stop_;
  kube::Client client_;
  kube::Store store_;
  std::list<kube::Informer> informers_;
};

}  // namespace

std::unique_ptr<Source> watch_cluster(kube::Config config) {
  return std::make_unique<Cluster>(std::move(config));
}

}  // namespace smic::source
