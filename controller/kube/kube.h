// SPDX-License-Identifier: Apache-2.0
// The front door of controller/kube: what smic knows of talking to a Kubernetes API.
//   config.h    where the API is and who we are: kubeconfig, or a pod's ServiceAccount
//   client.h    one request at a time: lists page by page, watches line by line, writes
//   list_kind.h a kind as it is now
//   informer.h  a kind kept up to date by list and watch, whatever the API does
//   store.h     what the informers know, shrunk, for whoever reads it
//   leadership.h, election.h   which of several controllers writes
//   writer.h    writes, only of the leader, again when that helps
//   fault.h     what can go wrong, by what to do about it
//
// Blocking calls and a thread per watched kind, instead of callbacks: a watch is a loop (list,
// watch, again from where it broke off), and a dozen threads that sleep in poll() cost nothing.
// One Stop ends every wait of them.
//
// Deliberately absent: what the objects mean. They are JSON texts with the fields that
// compiler/resources reads; nothing here decodes them further.
#pragma once

#include "controller/kube/client.h"
#include "controller/kube/config.h"
#include "controller/kube/election.h"
#include "controller/kube/fault.h"
#include "controller/kube/informer.h"
#include "controller/kube/leadership.h"
#include "controller/kube/list_kind.h"
#include "controller/kube/store.h"
#include "controller/kube/writer.h"
