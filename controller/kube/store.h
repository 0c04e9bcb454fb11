// SPDX-License-Identifier: Apache-2.0
// What the informers know: shrunk objects by kind, namespace and name. Whoever reads it waits for
// the next change and then takes all of it; changes in between are one. An object that was written
// again with the same text is no change.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/kube/objects.h"

namespace smic::kube {

// Where informers put what they learn. Called by a thread per kind.
class Sink {
 public:
  virtual ~Sink() = default;

  // All objects of a kind; the first time fills it. True if that changed anything.
  virtual bool replace(const std::string& kind, std::vector<Object> objects) = 0;
  virtual void put(const std::string& kind, Object object) = 0;
  virtual void remove(const std::string& kind, const Object& object) = 0;
};

class Store final : public Sink {
 public:
  // How many kinds must have been filled before there is anything to read.
  explicit Store(std::size_t kinds) : unfilled_(kinds) {}

  bool replace(const std::string& kind, std::vector<Object> objects) override;
  void put(const std::string& kind, Object object) override;
  void remove(const std::string& kind, const Object& object) override;

  // Waits until every kind is filled and something is newer than what read() gave. False = closed.
  bool wait();
  bool has_news();  // would wait() return at once
  bool wait_until_filled();
  void poke();   // as if something was newer; from any thread
  void close();  // from any thread

  // visit(kind, namespace, name, text), in this order.
  using Visit = std::function<void(const std::string& kind, const std::string& ns,
                                   const std::string& name, const std::string& text)>;
  void read(const Visit& visit);

  struct Change {
    std::string kind, ns, name;
    std::shared_ptr<const std::string> text;  // null: it is gone
  };
  // Objects that changed since the last read_changes(); all of them at first. Sorted.
  std::vector<Change> read_changes();

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, name
  using Objects = std::map<Name, std::shared_ptr<const std::string>>;

  void changed(const std::string& kind, const Name& name);

  std::mutex mutex_;
  std::condition_variable condition_;
  std::map<std::string, Objects> kinds_;
  std::size_t unfilled_;
  std::uint64_t version_ = 0;
  std::uint64_t read_version_ = 0;
  std::set<std::pair<std::string, Name>> changed_;  // since the last read_changes()
  bool closed_ = false;
};

}  // namespace smic::kube
