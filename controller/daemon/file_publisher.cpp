// SPDX-License-Identifier: Apache-2.0
// Publishes versions as files, and tells why one is not. Tested by
// tests/integration/controller_test.py.
#include <atomic>

#include "base/log.h"
#include "controller/daemon/daemon.h"
#include "controller/publish.h"

namespace smic::controller {
namespace {

class FilePublisher final : public Component {
 public:
  explicit FilePublisher(std::string directory) : directory_(std::move(directory)) {}

  std::string_view name() const override { return "files"; }

  void take(const Result<Update>& update, const Diagnostics&) override {
    if (!update) return refuse(update.error());
    if (update->manifest.version == published_) return;
    if (auto done = publish(*update, directory_); !done) return refuse(done.error());
    published_ = update->manifest.version;
    log_info("published", {{"version", std::to_string(published_)},
                           {"units", std::to_string(update->manifest.units.size())},
                           {"compiled", std::to_string(update->compiled)},
                           {"seconds", std::to_string(update->seconds)}});
  }

  std::string not_ready() const override {
    return published_ > 0 ? "" : "no version was written to " + directory_;
  }

 private:
  void refuse(const Error& error) {
    log_error("not published",
              {{"reason", error.message}, {"version_in_force", std::to_string(published_)}});
  }

  const std::string directory_;
  std::atomic<std::uint64_t> published_ = 0;
};

}  // namespace

std::unique_ptr<Component> file_publisher(std::string directory) {
  return std::make_unique<FilePublisher>(std::move(directory));
}

}  // namespace smic::controller
