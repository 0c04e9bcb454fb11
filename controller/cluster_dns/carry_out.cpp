// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/cluster_dns_test.py on a real API server.
#include "controller/cluster_dns/carry_out.h"

#include <ranges>

#include "base/log.h"
#include "controller/cluster_dns/access.h"

namespace smic::cluster_dns {
namespace {

bool has_ours(const std::string& text) {
  return dns_stub::has_block(text) || text.find(".smic.invalid\"") != std::string::npos;
}

Outcome<void> put(kube::Client& client, const Edit& edit) {
  const bool last = !edit.after && edit.map.ours && edit.map.data.size() == 1;
  return last ? remove_config_map(client, edit.map)
              : write_value(client, edit.map, edit.key, edit.after);
}

Outcome<void> undo(kube::Client& client, const Edit& edit) {
  auto now = read_config_map(client, edit.map.ns, edit.map.name);
  if (!now) return std::unexpected(now.error());
  const std::string* value = now->find(edit.key);
  const auto there = value == nullptr ? std::nullopt : std::optional(*value);
  if (there != edit.after) {
    return std::unexpected(
        Trouble{Trouble::Kind::conflict, edit.place() + " was changed by somebody else meanwhile"});
  }
  return put(client, {std::move(*now), edit.key, edit.after, edit.before});
}

}  // namespace

Outcome<void> back_up(kube::Client& client, const Running& running, const Plan& plan) {
  for (const Edit& edit : plan.edits) {
    if (!edit.before || has_ours(*edit.before)) continue;
    const auto backup = read_config_map(client, running.ns, std::string(kBackup));
    if (!backup) return std::unexpected(backup.error());
    const std::string key = edit.map.name + '.' + edit.key;
    const std::string* kept = backup->find(key);
    if (kept != nullptr && *kept == *edit.before) continue;
    const auto done = write_value(client, *backup, key, edit.before);
    if (!done) return done;
  }
  return {};
}

Outcome<void> remove_backup(kube::Client& client, const Running& running) {
  const auto backup = read_config_map(client, running.ns, std::string(kBackup));
  if (!backup) return std::unexpected(backup.error());
  return backup->exists() && backup->ours ? remove_config_map(client, *backup) : Outcome<void>{};
}

Outcome<void> write(kube::Client& client, const Plan& plan) {
  for (std::size_t i = 0; i < plan.edits.size(); ++i) {
    auto done = put(client, plan.edits[i]);
    if (done) continue;
    for (std::size_t back = i; back-- > 0;) {
      if (const auto undone = undo(client, plan.edits[back]); !undone) {
        log_error("DNS half written", {{"reason", undone.error().message}});
      }
    }
    return done;
  }
  return {};
}

Outcome<void> undo(kube::Client& client, const Plan& plan) {
  Outcome<void> result;
  for (const Edit& edit : plan.edits | std::views::reverse) {
    if (auto done = undo(client, edit); !done) result = std::move(done);
  }
  return result;
}

void touch(kube::Client& client, const Running& running) {
  for (const Server& server : running.servers) {
    if (server.pod.empty()) continue;
    for (const auto& mark : {std::optional<std::string>("now"), std::optional<std::string>()}) {
      const auto done = annotate_pod(client, running.ns, server.pod, mark);
      if (done) continue;
      // Without it the change is only later.
      log_warning("a DNS pod was not touched",
                  {{"pod", server.pod}, {"reason", done.error().message}});
    }
  }
}

}  // namespace smic::cluster_dns
