/*
 * SCM_CREDENTIALS, see credentials.h.
 */
#include "preload/credentials.h"

#include <stddef.h>
#include <string.h>

#include "preload/process.h"

static void translate(struct msghdr *message, pid_t (*to)(pid_t))
{
	struct cmsghdr *part;
	struct ucred who;

	for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS ||
		    part->cmsg_len < CMSG_LEN(sizeof who))
			continue;
		memcpy(&who, CMSG_DATA(part), sizeof who);
		who.pid = to(who.pid);
		memcpy(CMSG_DATA(part), &who, sizeof who);
	}
}

const struct msghdr *credentials_real(const struct msghdr *message, struct credentials_copy *copy)
{
	if (!message || !message->msg_control || !message->msg_controllen ||
	    message->msg_controllen > sizeof copy->control)
		return message;
	copy->message = *message;
	memcpy(copy->control, message->msg_control, message->msg_controllen);
	copy->message.msg_control = copy->control;
	translate(&copy->message, process_real_pid);
	return &copy->message;
}

void credentials_shown(struct msghdr *message)
{
	if (message && message->msg_control && message->msg_controllen)
		translate(message, process_shown_pid);
}
