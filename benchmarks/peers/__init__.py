"""The peers: small applications of ours that use each library as its documentation says, for the same two views."""
