"""Where promoted models are kept, and how the server gets one."""
