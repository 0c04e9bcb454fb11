// SPDX-License-Identifier: Apache-2.0
// What the stub manager does to a cluster's DNS configuration, on a file: a Corefile, or the
// ConfigMap's manifest that holds one, or kube-dns's. The thinking is controller/dns; here are
// files and words. On a cluster: dns_cluster.cpp.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <ostream>

#include "base/command_line.h"
#include "cli/dns_cluster.h"
#include "cli/input.h"
#include "controller/dns/config_map.h"
#include "controller/dns/difference.h"
#include "controller/dns/dns_stub.h"

namespace smic::cli {
namespace {

using Verb = DnsVerb;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kCorefileKey = "Corefile";
constexpr std::string_view kStubDomainsKey = "stubDomains";

struct Options {
  std::string file;
  bool old_coredns = false;
  bool custom = false;
  dns_stub::Stub stub;
  DnsCluster cluster;
};

Option list(std::string name, std::string value, std::vector<std::string>& target,
            std::string help) {
  return {std::move(name), std::move(value), std::move(help),
          [&target](const std::string& given) -> Taken {
            target.push_back(given);
            return {};
          }};
}

Syntax syntax_of(Options& options) {
  Syntax syntax;
  syntax.command = "smic dns";
  syntax.operands = "plan|apply|restore";
  syntax.least = syntax.most = 1;
  syntax.about =
      "Forwards the mesh's zones in a cluster's DNS configuration, by one marked block in a "
      "Corefile,\n"
      "or stubDomains of kube-dns. plan shows the change, apply makes it, restore takes it out "
      "again,\n"
      "byte for byte. What is not understood, or has the zones already, is refused with the place.";
  syntax.options = {
      text("--corefile", "FILE", options.file,
           "a Corefile, or a manifest of the ConfigMap that holds it, or\n"
           "of kube-dns's"),
      text("--kubeconfig", "FILE", options.cluster.kubeconfig,
           "change the DNS that runs in a cluster; neither this nor\n"
           "--corefile: the cluster whose pod we are"),
      text("--context", "NAME", options.cluster.context,
           "of the kubeconfig (default: its current one)"),
      text("--namespace", "NS", options.cluster.ns,
           "where the Service smic-dns is (default: smic-system)"),
      flag("--wait", options.cluster.wait,
           "ask the cluster's DNS until it is live; take back what is not.\n"
           "Its pods must be reached from here"),
      number("--seconds", "N", options.cluster.seconds, 3600, "to wait at most (default: 180)"),
      list("--zone", "ZONE", options.stub.zones, "to forward; may be repeated (default: mesh)"),
      list("--responder", "ADDRESS[:PORT]", options.stub.responders,
           "who answers; may be repeated; needed with a file (default: what\n"
           "the Service smic-dns has)"),
      flag("--custom", options.custom,
           "plan: the block as a ConfigMap of its own, where the Corefile\n"
           "imports such (AKS, k3s)"),
      flag("--old-coredns", options.old_coredns, "write for CoreDNS before 1.9.4")};
  syntax.ending =
      "example:\n"
      "  smic dns plan --corefile Corefile --responder 10.96.0.53 --zone mesh --zone "
      "traefik.mesh\n"
      "  smic dns apply --kubeconfig ~/.kube/config --wait\n\n"
      "exit: 0 done, 1 the world failed, 2 the configuration is refused, 64 wrong usage";
  return syntax;
}

std::optional<Verb> verb_of(std::string_view word) {
  if (word == "plan") return Verb::plan;
  if (word == "apply") return Verb::apply;
  return word == "restore" ? std::optional(Verb::restore) : std::nullopt;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("read " + path + ": it cannot be opened");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Beside, then over, so that who reads it meanwhile sees the old text or the new one.
Result<void> replace_file(const std::string& path, const std::string& text) {
  const std::string beside = path + ".smic-new";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  if (!file) return fail("write " + beside);
  if (std::rename(beside.c_str(), path.c_str()) != 0) return fail("rename " + beside);
  return {};
}

using Text = std::optional<std::string>;

// One file's texts: itself, and the configuration in it.
class Configuration {
 public:
  Configuration(const Options& options, std::string_view text)
      : options_(options), file_(sources_.add(options.file, std::string(text))) {}

  const Sources& sources() const { return sources_; }

  // The file after the edit.
  Text edit(Verb verb, Diagnostics& diagnostics) {
    const auto value = embed(diagnostics);
    if (!value) return std::nullopt;
    const bool stub_domains = key_ == kStubDomainsKey;
    Text edited;
    if (verb == Verb::restore) {
      edited = (stub_domains ? dns_stub::take_from_stub_domains : dns_stub::take_from_corefile)(
          sources_, *value, diagnostics);
    } else {
      edited = (stub_domains ? dns_stub::add_to_stub_domains : dns_stub::add_to_corefile)(
          sources_, *value, options_.stub, diagnostics);
    }
    if (!edited || key_.empty()) return edited;
    return dns_stub::write_value(sources_, file_, key_, *edited, diagnostics);
  }

  // A ConfigMap with our block as a file that the Corefile imports.
  Text custom_manifest(Diagnostics& diagnostics) {
    const auto corefile = embed(diagnostics);
    if (!corefile) return std::nullopt;
    const auto hooks = dns_stub::import_hooks(sources_, *corefile);
    if (hooks.empty()) {
      diagnostics.report("E81", {*corefile}, "the Corefile imports no files between its blocks",
                         "do without --custom");
      return std::nullopt;
    }
    const auto block = dns_stub::custom_file(sources_, *corefile, options_.stub, diagnostics);
    if (!block) return std::nullopt;
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: coredns-custom\n  namespace: "
           "kube-system\ndata:\n  " +
           hooks.front().file + ": |\n" + indented(*block);
  }

 private:
  // The configuration within the file as a source of its own; the file itself, if it is no
  // manifest.
  std::optional<SourceId> embed(Diagnostics& diagnostics) {
    const std::string_view text = sources_.text(file_);
    if (!dns_stub::is_manifest(text)) return file_;
    Diagnostics unheard(sources_);
    key_ = kStubDomainsKey;
    auto value = dns_stub::read_value(sources_, file_, key_, unheard);
    if (!value) {
      key_ = kCorefileKey;
      value = dns_stub::read_value(sources_, file_, key_, diagnostics);
    }
    if (!value) return std::nullopt;
    return sources_.add(options_.file + " (" + std::string(key_) + ")", std::move(*value));
  }

  static std::string indented(std::string_view block) {
    std::string text;
    while (!block.empty()) {
      const std::size_t end = block.find('\n') + 1;
      text += "    " + std::string(block.substr(0, end));
      block.remove_prefix(end);
    }
    return text;
  }

  const Options& options_;
  Sources sources_;
  SourceId file_;
  std::string_view key_;  // of a ConfigMap's data; empty: the file is the configuration
};

int carry_out(Verb verb, const Options& options, Console& console) {
  const auto read = read_file(options.file);
  if (!read) return world_failed("dns", read.error(), console);
  const std::string_view mark = read->starts_with(kByteOrderMark) ? kByteOrderMark : "";
  Configuration configuration(options, std::string_view(*read).substr(mark.size()));
  Diagnostics diagnostics(configuration.sources());
  const Text edited = options.custom ? configuration.custom_manifest(diagnostics)
                                     : configuration.edit(verb, diagnostics);
  show_diagnostics(diagnostics, console);
  if (!edited) return kInputHasErrors;
  if (options.custom) {
    console.out << *edited;
    return kDone;
  }
  const std::string text = std::string(mark) + *edited;
  console.out << dns_stub::difference(options.file, *read, text);
  if (text == *read) {
    console.err << "smic dns: nothing to change\n";
  } else if (verb != Verb::plan) {
    if (auto done = replace_file(options.file, text); !done) {
      return world_failed("dns", done.error(), console);
    }
  }
  return kDone;
}

}  // namespace

int run_dns(Words words, Console& console) {
  Options options;
  const Syntax syntax = syntax_of(options);
  const auto begun = start(syntax, words, console.out, console.err);
  if (begun.exit_code) return *begun.exit_code;
  const auto verb = verb_of(begun.operands.front());
  if (!verb) {
    return wrong_usage(syntax, not_one_of(begun.operands.front(), {"plan", "apply", "restore"}),
                       console.err);
  }
  if (options.stub.zones.empty()) options.stub.zones = {"mesh"};
  std::ranges::sort(options.stub.zones);
  options.stub.verify_stale = !options.old_coredns;
  if (options.file.empty() && (!options.cluster.kubeconfig.empty() || in_a_cluster())) {
    return change_cluster_dns(*verb, options.cluster, options.stub, console);
  }
  if (options.file.empty()) {
    return wrong_usage(syntax, "it needs --corefile=FILE or --kubeconfig=FILE", console.err);
  }
  if (!options.cluster.kubeconfig.empty()) {
    return wrong_usage(syntax, "--corefile and --kubeconfig exclude each other", console.err);
  }
  if (options.custom && *verb != Verb::plan) {
    return wrong_usage(syntax, "--custom is for plan; kubectl applies what it prints", console.err);
  }
  if (*verb != Verb::restore && options.stub.responders.empty()) {
    return wrong_usage(syntax, "it needs --responder=ADDRESS", console.err);
  }
  return carry_out(*verb, options, console);
}

}  // namespace smic::cli
